#!/bin/bash
# Compares a mount (-o abi=6.18) with the recorded transcript of Linux 6.18's zram, and with this host's own zram if
# it is that kernel: transcript.sh MNT. Exit 1 on a difference that Fixtures/transcripts/differences.txt does not declare.
# transcript.sh --host prints the host's transcript: how the recording was made.
set -u
here=$(cd "$(dirname "$0")" && pwd)
transcripts=$here/../../Fixtures/transcripts
helpers=${HELPERS:-$here/../../.build/mount-helpers}
"$here/build-helpers" "$helpers" || exit 1
export ATTRPROBE=$helpers/attrprobe
scratch=$(mktemp -d)
added=''
trap '[[ -z $added ]] || echo "${added#* }" >"${added% *}/hot_remove"; rm -rf "$scratch"' EXIT
trap 'exit 143' INT TERM HUP

record() { # PARENT CONTROL DISKS: of a device added for this
    local id
    id=$(<"$2/hot_add") || exit 1
    added="$2 $id"
    "$transcripts/attributes.sh" "$1/zram$id" "$2" "$3/zram$id" 2>&1
    echo "$id" >"$2/hot_remove" || echo 'not removable at the end'
    added=''
}

host() {
    # Two at once would see each other's devices come and go.
    exec 9>/tmp/zram-transcript.lock
    flock -w 60 9 || exit 1
    record /sys/block /sys/class/zram-control /dev
}

if [[ ${1:?usage: transcript.sh MNT} == --host ]]; then
    host
    exit
fi
mnt=$1
record "$mnt" "$mnt/zram-control" "$mnt/dev" >"$scratch/mount"

grep -v -e '^#' -e '^$' "$transcripts/differences.txt" >"$scratch/patterns"
status=0
compare() { # FILE NAME
    local side
    for side in "$1" "$scratch/mount"; do
        grep -v -x -E -f "$scratch/patterns" "$side" >"$scratch/$(basename "$side").filtered"
    done
    if diff -U 3 --label "$2" --label zramfs "$scratch/$(basename "$1").filtered" "$scratch/mount.filtered"; then
        echo "ok   same as $2, $(wc -l <"$scratch/mount.filtered") lines"
    else
        echo "FAIL differs from $2"
        status=1
    fi
}

compare "$transcripts/linux-6.18.txt" linux-6.18.txt
if [[ $(uname -r) == 6.18.* && -e /sys/class/zram-control/hot_add && $(id -u) == 0 ]]; then
    (host) >"$scratch/host"
    compare "$scratch/host" "this host's zram"
fi
exit $status
