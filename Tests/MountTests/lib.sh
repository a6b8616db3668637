# Helpers for the case scripts, sourced: start_mount, bounded, wait_until, expect_errno, ok, fail, skip.
# Run by ./run, or alone with ZRAMFS set to the binary. shellcheck shell=bash
set -u
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
fixtures=$repository/Fixtures
helpers=${HELPERS:-$repository/.build/mount-helpers}
"$here/build-helpers" "$helpers" || exit 1
export PATH=$helpers:$PATH

work=${CASE_DIR:-$(mktemp -d "${TMPDIR:-/tmp}/zramfs-case.XXXXXX")}
# Others than root look into the mount too.
chmod 755 "$work"
IMAGE=${IMAGE:-$work/disk.img}
MNT=${MNT:-$work/mnt}
daemons=()
mounts=()
failures=0

ok() { echo "ok   $*"; }
fail() { echo "FAIL $*"; failures=$((failures + 1)); }
skip() { # WHAT IS MISSING
    echo "skip: missing $*"
    exit 77
}
need() { local tool; for tool in "$@"; do command -v "$tool" >/dev/null || skip "$tool"; done; }
needRoot() { [[ $(id -u) == 0 ]] || skip 'root'; }

is() { # WHAT EXPECTED ACTUAL
    if [[ $2 == "$3" ]]; then ok "$1"; else fail "$1: expected '$2', got '$3'"; fi
}

wait_until() { # CONDITION SECONDS
    local end=$((${EPOCHREALTIME/./} + $2 * 1000000))
    until eval "$1"; do
        [[ ${EPOCHREALTIME/./} -lt $end ]] || return 1
        sleep 0.02
    done
}

descendants() { # PID: it and all below it, children first
    local child
    for child in $(ps -o pid= --ppid "$1"); do descendants "$child"; done
    echo "$1"
}

# Unlike timeout(1) this returns though the command cannot be killed. 124 when it took too long.
bounded() { # SECONDS COMMAND...
    local limit=$1 pid
    shift
    "$@" &
    pid=$!
    if wait_until "! kill -0 $pid 2>/dev/null" "$limit"; then
        wait "$pid"
        return
    fi
    # shellcheck disable=SC2046
    kill -KILL $(descendants "$pid") 2>/dev/null
    wait_until "! kill -0 $pid 2>/dev/null" 2 && wait "$pid" 2>/dev/null
    return 124
}

is_mounted() { awk -v at="$1" '$5 == at && / - fuse\.zramfs / { found = 1 } END { exit !found }' /proc/self/mountinfo; }

# The daemon may have put itself in the background: then its pid is not that of the command we started.
daemon_of() { # MNT
    local process
    for process in /proc/[0-9]*; do
        [[ ${process#/proc/} != "$$" && $(readlink "$process/exe") -ef $ZRAMFS ]] 2>/dev/null || continue
        tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -q -x -F -e "$1" && echo "${process#/proc/}"
    done
}

# Leaves the daemon's pid in $daemon and its log in $work/daemon.log.
start_mount() { # OPTION...  (abi=6.18 keep ...); IMAGE and MNT say what and where
    [[ -x ${ZRAMFS:-} ]] || skip 'ZRAMFS, the path of the zramfs binary'
    [[ -c /dev/fuse ]] || skip '/dev/fuse'
    local options starter
    options=$(IFS=,; echo "$*")
    mkdir -p "$MNT"
    "$ZRAMFS" mount ${options:+-o "$options"} "$IMAGE" "$MNT" >>"$work/daemon.log" 2>&1 </dev/null &
    starter=$!
    mounts+=("$MNT")
    # A command that ends well may have left the daemon in the background, about to mount.
    wait_until "is_mounted '$MNT' || ! kill -0 $starter 2>/dev/null" 10
    if kill -0 "$starter" 2>/dev/null || wait "$starter"; then wait_until "is_mounted '$MNT'" 10; fi
    if ! is_mounted "$MNT"; then
        cat "$work/daemon.log"
        echo "FAIL did not mount${options:+ with -o $options}"
        exit 1
    fi
    daemon=$(daemon_of "$MNT" | head -n 1)
    daemon=${daemon:-$starter}
    daemons+=("$daemon")
}

# Waits for the daemon's end too: what must be in the image is there only then.
stop_mount() {
    local status=0
    bounded 10 umount "$MNT" || status=$?
    wait_until "! kill -0 $daemon 2>/dev/null" 10 || { fail "daemon $daemon outlives its mount"; status=1; }
    return $status
}

# OPERATIONS as of attrprobe: expect_errno EBUSY $MNT/zram0/reset w write:1; "ok" if it must succeed.
expect_errno() { # NAME PATH FLAGS OPERATION...
    local expected=$1
    shift
    is "$(basename "$1") ${*:2}: $expected" "$expected" "$(attrprobe -e "$@")"
}

# Adds a device on the mount and leaves its id in $id.
hot_add() { id=$(<"$MNT/zram-control/hot_add"); }

# Goes on in a mount namespace of the case's own, where each tool is a fake that notes how it is called in $calls: first in
# PATH, and in the place of the host's own.
fakes() { # TOOL...
    local tool folder
    calls=$work/calls
    if [[ -z ${FAKES:-} ]]; then
        mkdir "$work/fakes" || exit 1
        for tool; do
            printf '#!/bin/sh\necho "${0##*/} $*" >>%s\nexit 0\n' "$calls" >"$work/fakes/$tool"
            chmod 755 "$work/fakes/$tool"
        done
        FAKES=$work/fakes CASE_DIR=$work unshare -m --propagation private "$0"
        exit
    fi
    for folder in /sbin /usr/sbin /bin /usr/bin; do
        for tool; do [[ ! -e $folder/$tool ]] || mount --bind "$FAKES/$tool" "$folder/$tool" || exit 1; done
    done
    export PATH=$FAKES:$PATH
    "$1" x
    is 'the fakes are in place' "$1 x" "$(cat "$calls")"
    rm "$calls"
}

leftovers() {
    local mount pid
    for mount in "${mounts[@]}"; do is_mounted "$mount" && echo "still mounted: $mount"; done
    for pid in "${daemons[@]}"; do kill -0 "$pid" 2>/dev/null && echo "daemon still runs: $pid"; done
}

finish() {
    local status=$? mount pid
    trap - EXIT
    [[ $(type -t cleanup) == function ]] && cleanup # of the case, for what it started itself
    for mount in "${mounts[@]}"; do is_mounted "$mount" && umount -l "$mount"; done
    for pid in "${daemons[@]}"; do
        wait_until "! kill -0 $pid 2>/dev/null" 10 && continue
        echo "FAIL daemon $pid had to be killed"
        cat "/proc/$pid/stack" 2>/dev/null
        kill -KILL "$pid"
        wait_until "! kill -0 $pid 2>/dev/null" 5
        status=1
    done
    if [[ -n $(leftovers) ]]; then leftovers; status=1; fi
    [[ $status != 0 && $status != 77 && -s $work/daemon.log ]] && { echo '--- daemon:'; tail -n 50 "$work/daemon.log"; }
    [[ -n ${CASE_DIR:-} ]] || rm -rf --one-file-system "$work"
    [[ $status == 0 && $failures != 0 ]] && status=1
    exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP
