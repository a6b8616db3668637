#!/usr/bin/env bash
# Every ending of zramfs run, with dirty, synced and mounted disks: no process, loop device, mount or folder is left, and
# what was synced is there. ROUNDS=200: so many random moments, from the first millisecond on.
# limit: 1500
. "$(dirname "$0")/../lib.sh"
needRoot
need losetup mkfs.ext4 setsid
[[ -c /dev/loop-control ]] || skip '/dev/loop-control'
ROUNDS=${ROUNDS:-6}
RANDOM=${SEED:-$$}
echo "random numbers of SEED=${SEED:-$$}"
export TMPDIR=$work/tmp
mkdir "$TMPDIR" "$work/fs"

# All processes of a run carry its tag; those that are dead have no environment.
tagged() { # [WORD]: those whose arguments have it
    local process
    for process in /proc/[0-9]*; do
        grep -q -z -x -F "RUN_TAG=$tag" "$process/environ" 2>/dev/null || continue
        [[ -z ${1:-} ]] || tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q -e "^zramfs $1 \|/zramfs $1 " || continue
        echo "${process#/proc/}"
    done
}
# Loop devices on a disk that no process has open: those of other runs have a keeper.
orphans() {
    local loop name
    for loop in /sys/block/loop*/loop/backing_file; do
        grep -q /view/backing/zram "$loop" 2>/dev/null || continue
        name=$(cut -d / -f 4 <<<"$loop")
        find /proc/[0-9]*/fd -lname "/dev/$name" 2>/dev/null | grep -q . || echo "$name"
    done
}
# A daemon that waits for itself can only be ended so.
free_stuck() {
    local pid minor
    for pid in $(tagged mount); do
        for minor in $(awk '/ - fuse\.zramfs / { split($3, n, ":"); print n[2] }' "/proc/$pid/mountinfo" 2>/dev/null | sort -u); do
            unshare -m sh -c 'mount -t fusectl none /sys/fs/fuse/connections
                echo 1 >/sys/fs/fuse/connections/$0/abort' "$minor" 2>/dev/null
        done
    done
    kill -KILL $(tagged) 2>/dev/null
}
cleanup() { free_stuck; }
nothing_left() { # NAME
    if ! wait_until '[[ -z $(tagged) ]]' 20; then
        fail "$1: left: $(for pid in $(tagged); do tr '\0' ' ' <"/proc/$pid/cmdline"; awk '/^State/ { print $2 }' "/proc/$pid/status"; done)"
        free_stuck
        return
    fi
    wait_until '[[ -z $(orphans) ]]' 5 || fail "$1: left: $(orphans)"
    [[ -z $(ls -A "$TMPDIR") ]] || { fail "$1: left: $(ls -A "$TMPDIR")"; rm -rf "${TMPDIR:?}"/*; }
}

# What the command has done to the disk when the end comes. Its last word is that it is ready.
declare -A state=(
    [dirty]='echo 8M >/sys/block/zram0/disksize; echo hello >/dev/zram0'
    [held]='echo 8M >/sys/block/zram0/disksize; exec 3>/dev/zram0; echo hello >&3'
    [synced]='echo 8M >/sys/block/zram0/disksize; dd if=/dev/urandom of=/dev/zram0 bs=1M count=4 conv=fsync 2>/dev/null'
    [mounted]="echo 16M >/sys/block/zram0/disksize; mkfs.ext4 -q /dev/zram0; mount /dev/zram0 $work/fs; cp /etc/* $work/fs 2>/dev/null"
    [unshared]='echo 8M >/sys/block/zram0/disksize; unshare -m sleep 1005 & echo hello >/dev/zram0'
)
begin() { # STATE [COMMAND]: in the background; its pid in $owner
    tag=$RANDOM.$RANDOM.$$
    rm -f "$work/ready"
    RUN_TAG=$tag "$ZRAMFS" run -- sh -c "${state[$1]}; echo >$work/ready; ${2:-sleep 1006}" >/dev/null 2>&1 &
    owner=$!
}
kill_all() { # NAME...
    local pids
    # shellcheck disable=SC2046
    pids=$(for one in $1; do victim "$one"; done)
    # shellcheck disable=SC2086
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null
}
victim() { # NAME
    case $1 in run) echo "$owner" ;; daemon) tagged mount ;; reaper) tagged reap ;; keeper) tagged loops ;; esac
}
end_of_run() { wait "$owner" 2>/dev/null; }

for kind in "${!state[@]}"; do
    begin "$kind" 'exit 3'
    bounded 20 tail --pid="$owner" -f /dev/null
    end_of_run; is "$kind: exit" 3 $?
    nothing_left "$kind, exit"
done
for signal in INT TERM HUP QUIT USR1 PIPE XCPU; do
    kind=$(printf '%s\n' "${!state[@]}" | shuf -n 1)
    begin "$kind"
    wait_until "[[ -e $work/ready ]]" 20
    kill -$signal "$owner"
    # A shell's background job ignores SIGINT and SIGQUIT, as does what it runs.
    [[ $signal != INT && $signal != QUIT ]] || kill -TERM "$owner"
    nothing_left "$kind, SIG$signal"
    end_of_run
done
ok 'exits and signals'
for who in run daemon reaper keeper 'run daemon' 'run reaper' 'run keeper' 'daemon reaper' 'daemon keeper' 'reaper keeper'; do
    for kind in $(printf '%s\n' dirty mounted unshared | shuf -n $((ROUNDS < 20 ? 1 : 3))); do
        begin "$kind" "sleep $([[ $who == *run* || $who == *daemon* ]] && echo 1006 || echo 0.3)"
        wait_until "[[ -e $work/ready ]]" 20 || fail "$kind: not ready"
        kill_all "$who"
        nothing_left "$kind, kill -9 of $who"
        end_of_run
    done
done
ok 'kill -9 of one and of two'

# One that hangs, and somebody who waits for it: neither can be waited for, and only the connection's abort helps.
begin dirty "cat /sys/block/zram0/size; sleep 0.2; echo 1 >/sys/block/zram0/reset"
wait_until "[[ -e $work/ready ]]" 20
kill -STOP $(tagged mount)
sleep 0.3
kill -KILL "$owner"
nothing_left 'a daemon that hangs'
end_of_run
ok 'a daemon that hangs'

for ((round = 0; round < ROUNDS; round++)); do
    kind=$(printf '%s\n' "${!state[@]}" | shuf -n 1)
    who=$(printf '%s\n' run run run daemon reaper keeper 'run daemon' 'run reaper' 'daemon reaper' | shuf -n 1)
    begin "$kind" 'sleep 0.5'
    delay=$(printf '0.%03d' $((RANDOM % 350)))
    sleep "$delay"
    kill_all "$who"
    nothing_left "$kind, kill -9 of $who after $delay s"
    end_of_run
done
ok "$ROUNDS random moments"

# The daemon takes no block device as backing device that stands on a disk of its own.
# shellcheck disable=SC2016
is 'backing_dev on the disk itself' 'refused refused' "$("$ZRAMFS" run --devices 2 -- bash -c '
    echo 8M >/sys/block/zram0/disksize; echo hello >/dev/zram0
    loop=/dev/loop$(cut -d : -f 2 /sys/block/zram0/dev)
    for zram in 0 1; do echo $loop 2>/dev/null >/sys/block/zram$zram/backing_dev || echo refused; done' | xargs)"

# A kept image: what was synced is there, whoever is killed.
head -c 1M /dev/urandom >"$work/data"
for who in daemon keeper 'daemon keeper'; do
    tag=$RANDOM.$RANDOM.$$
    RUN_TAG=$tag start_mount keep dev blockdev=loop
    echo 8M >"$MNT/zram0/disksize"
    dd if="$work/data" of="$MNT/view/dev/zram0" bs=64k conv=fsync 2>/dev/null
    echo later | dd of="$MNT/view/dev/zram0" bs=1M seek=4 2>/dev/null
    kill_all "$who"
    [[ $who != keeper ]] || { wait_until '[[ -n $(tagged loops) ]]' 5; is 'another keeper' 0 $?
        bounded 10 "$ZRAMFS" umount "$MNT"; is 'umount' 0 $?; }
    nothing_left "kept, kill -9 of $who"
    ! is_mounted "$MNT" || umount -l "$MNT"
    start_mount keep
    cmp -n 1048576 "$work/data" "$MNT/dev/zram0"; is "synced data after kill -9 of $who" 0 $?
    stop_mount
    rm -f "$IMAGE"
done
[[ $failures == 0 ]]
