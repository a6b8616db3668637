#!/bin/bash
# Real programs on the disk: ext4 over a loop device, a copied tree, fstrim, e2fsck, fio, the exerciser.
# disk-clients.sh MNT WORKDIR     (root; uses MNT/zram0 and MNT/dev/zram0, which must be uninitialised, and resets it)
# MEGABYTES limits the copied tree (150), SOURCE says from where (/usr/share). Prints ok and FAIL lines, exit 0 or 1.
set -u
export LC_ALL=C
mnt=${1:?usage: disk-clients.sh MNT WORKDIR}
parent=${2:?usage: disk-clients.sh MNT WORKDIR}
megabytes=${MEGABYTES:-150}
source=${SOURCE:-/usr/share}
here=$(cd "$(dirname "$0")" && pwd)
helpers=${HELPERS:-$here/../../.build/mount-helpers}
"$here/build-helpers" "$helpers" || exit 1
export PATH=$helpers:$PATH:/usr/sbin:/sbin
sys=$mnt/zram0
disk=$mnt/dev/zram0
failures=0

ok() { echo "ok   $*"; }
fail() { echo "FAIL $*"; failures=$((failures + 1)); }
check() { # WHAT COMMAND...: its output only if it fails
    local what=$1 output started=${EPOCHREALTIME/./}
    shift
    if output=$("$@" 2>&1); then ok "$what ($(((${EPOCHREALTIME/./} - started) / 1000)) ms)"
    else
        fail "$what: exit $?"
        printf '%s\n' "$output" | tail -n 20 | sed 's/^/     /'
        return 1
    fi
}
column() { awk -v n="$1" '{ print $n }' "$sys/mm_stat"; }
between() { # WHAT VALUE LOW HIGH
    if (($2 >= $3 && $2 <= $4)); then ok "$1: $2"; else fail "$1: $2 is not in $3..$4"; fi
}
store() { # EXPECTED ATTRIBUTE VALUE
    local result
    result=$(attrprobe -e "$sys/$2" w "write:$3")
    if [[ $result == "$1" ]]; then ok "$2 <- $3: $1"; else fail "$2 <- $3: expected $1, got $result"; fi
}

for tool in mkfs.ext4 e2fsck fstrim losetup fio diff tar; do
    command -v "$tool" >/dev/null || { echo "skip: missing $tool"; exit 77; }
done
[[ $(id -u) == 0 ]] || { echo 'skip: missing root'; exit 77; }

work=$(mktemp -d "$parent/disk-clients.XXXXXX")
at=$work/ext4
mkdir "$at" "$work/tree"
loops() { losetup -n -O NAME -j "$disk"; losetup -n -O NAME -j "$(realpath "$disk")"; }
cleanup() {
    local status=$? loop
    trap - EXIT
    mountpoint -q "$at" && umount "$at"
    mountpoint -q "$at" && umount -l "$at"
    for loop in $(loops | sort -u); do losetup -d "$loop"; done
    [[ $(<"$sys/initstate") == 0 ]] || attrprobe -e "$sys/reset" w write:1 >"$work/reset" || true
    rm -rf --one-file-system "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 143' INT TERM HUP
[[ $(<"$sys/initstate") == 0 ]] || { fail "$sys is initialised already"; exit 1; }

# The same files for both rounds, up to the limit.
(cd / && find "${source#/}" -type f -size -4000k -printf '%s %p\0' | sort -z -k 2 |
    awk -v RS='\0' -v ORS='\0' -v most=$((megabytes << 20)) '{ total += $1; if (total > most) exit; sub(/^[0-9]+ /, ""); print }' |
    tar -c --null -T - -f - | tar -x -C "$work/tree" -f -)
bytes=$(du -sb "$work/tree" | cut -f 1)
ok "tree of $((bytes >> 20)) MiB, $(find "$work/tree" -type f | wc -l) files"

mount_disk() { check 'mount -o loop' mount -o loop "$@" "$disk" "$at"; }
unmount_disk() { # the loop device goes a moment later
    local try
    check 'umount' umount "$at"
    for try in {1..100}; do [[ -z $(loops) ]] && return; sleep 0.05; done
    fail "loop device still there after $try tries: $(loops)"
}

filesystem() {
    local full before after
    check 'mkfs.ext4' mkfs.ext4 -q -F -b 4096 "$disk" || return
    mount_disk || return
    store EBUSY reset 1
    check 'copy the tree' cp -a "$work/tree" "$at/" || return
    sync -f "$at"
    full=$(column 1)
    between 'orig_data_size after the copy' "$full" $((bytes * 9 / 10)) "$(<"$sys/disksize")"
    between 'compr_data_size is less' "$(column 2)" 1 $((full - 1))
    between 'mem_used_total holds it' "$(column 3)" "$(column 2)" $((full * 2))
    check 'compare' diff -r --no-dereference "$work/tree" "$at/tree"
    unmount_disk
    check 'e2fsck -fn' e2fsck -fn "$disk"
    mount_disk || return
    check 'compare after a new mount' diff -r --no-dereference "$work/tree" "$at/tree"
    rm -rf "$at/tree"
    sync -f "$at"
    before=$(column 1)
    check 'fstrim' fstrim "$at"
    sync -f "$at"
    after=$(column 1)
    between 'orig_data_size after fstrim' "$after" 0 $((before - bytes / 2))
    unmount_disk
    check 'e2fsck -fn after fstrim' e2fsck -fn "$disk"
}

verify() { # ENGINE DIRECT SIZE
    check "fio $1 direct=$2" fio --name="$1" --filename="$disk" --ioengine="$1" --direct="$2" --size="$3" --bs=4k --rw=randwrite \
        --iodepth=8 --fallocate=none --allow_file_create=0 --verify=crc32c --do_verify=1 --verify_fatal=1 --buffer_compress_percentage=50 \
        --randseed=7 --verify_state_save=0 --output-format=terse --end_fsync=1
}

for round in default lz4; do
    echo "== algorithm $round"
    [[ $round == default ]] || store ok comp_algorithm "$round"
    store ok disksize 512M
    [[ $(attrprobe "$disk" r lseek:0,end) == *=536870912 ]] && ok 'size of the disk' || fail "size of the disk: $(attrprobe "$disk" r lseek:0,end)"
    filesystem
    verify psync 0 48M
    verify libaio 1 48M
    # On a block device fio's mmap engine gives back all pages (MADV_REMOVE) before it verifies them.
    [[ -b $disk ]] || verify mmap 0 48M
    check 'exerciser' exerciser -s 11 -n 1500 -m $((48 << 20)) "$disk"
    between 'huge_pages' "$(column 8)" 0 $((512 << 8))
    # An open that is closed already must not be in the way.
    store ok reset 1
    [[ $(tr -s ' ' <"$sys/mm_stat" | cut -d ' ' -f 2-4) == '0 0 0' ]] && ok 'mm_stat is empty after reset' || fail "mm_stat after reset: $(<"$sys/mm_stat")"
done
[[ $failures == 0 ]]
