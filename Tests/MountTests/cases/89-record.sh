#!/usr/bin/env bash
# zramfs run --record: a failure is kept, and its schedule replays; the explored scripts are what the processes did.
. "$(dirname "$0")/../lib.sh"
needRoot
need dd mkfs.ext2 zramctl
export TMPDIR=$work
run() { timeout -k 2 60 "$ZRAMFS" run "$@"; }
# shellcheck disable=SC2016
race='(for i in 1 2 3; do modprobe -r zram; modprobe zram; done) &
    for i in 1 2 3 4; do echo 4M >/sys/block/zram0/disksize; echo 1 >/sys/block/zram0/reset; done; wait'

# A soak on a deadlock, and on a warning: the first failure is kept in a new folder, which is named.
# Which of its failures 5.15 comes to first is chance.
for expected in 'v8-11 DEADLOCK' '5.15 INSTANCES LEFT|USE AFTER FREE|LEAK|WARNING'; do
    policy=${expected%% *} verdict=${expected#* }
    run --policy "$policy" --until-failure --repeat 40 --seed 7 -- sh -c "$race" >/dev/null 2>"$work/err"
    folder=$(sed -n 's/^zramfs: kept in \([^:]*\): report, trace, and a schedule.*/\1/p' "$work/err")
    [[ -d $folder ]] || { fail "$policy: nothing is kept: $(grep kept "$work/err")"; continue; }
    [[ -s $folder/report && -s $folder/trace ]]; is "$policy: report and trace are there" 0 $?
    bash -c "$(sed -n 's/.*see it with: //p' "$work/err" | sed "s|^zramfs|$ZRAMFS|")" >"$work/replay"
    is "$policy: its schedule replays to a failure" 1 $?
    tail -n 1 "$work/replay" | grep -q -E "^($verdict): "; is "$policy: to the same" 0 $?
    rm -r "$folder"
done
is 'no other folder stays' '' "$(compgen -G "$work/zramfs-*")"

# Another machine is written down with it.
run --policy v8-11 --abi 6.18 --cpus 4 --repeat 40 --until-failure --seed 3 --record "$work/other" -- sh -c "$race" >/dev/null 2>"$work/err"
is 'the machine and the policy' 'abi=6.18 cpus=4 v8-11' "$(cat "$work/other/machine" "$work/other/policy" | paste -sd ' ')"
"$ZRAMFS" explore "$work/other" --seconds 0 | head -n 1 | grep -q 'under v8-11: zram-up, on abi=6.18,cpus=4'; is 'explore takes both' 0 $?
"$ZRAMFS" explore "$work/other" --seconds 0 --policy 5.16 | head -n 1 | grep -q 'under 5.16: '; is 'an option is stronger' 0 $?
bash -c "$(sed -n 's/.*see it with: //p' "$work/err" | sed "s|^zramfs|$ZRAMFS|")" | tail -n 1 >"$work/replay"
grep -q '^DEADLOCK' "$work/replay"; is 'its schedule replays on the like' 0 $?

# What was recorded is a scenario like any other: the shortest way to its failure happens on a mount.
run --policy v8-11 --repeat 40 --until-failure --seed 3 --record "$work/kept" -- sh -c "$race" >/dev/null 2>&1
schedule=$("$ZRAMFS" explore "$work/kept" --policy v8-11 --json | sed -n 's/.*"schedule" *: *"\([^"]*\)".*/\1/p' | head -n 1)
"$ZRAMFS" replay "$schedule" --scenario "$work/kept" --policy v8-11 --script "$work/script" >/dev/null
start_mount policy=v8-11
bounded 30 "$work/script" "$MNT" >"$work/out" 2>&1; is 'as a script on a mount' 0 $?
is 'ends in the deadlock' 1 "$(grep -c 'zramfs: deadlock' "$MNT/debug/kmsg")"
echo b >"$MNT/sysrq-trigger"
wait_until '[[ -e $MNT/zram0/reset ]]' 5
# Who was stuck may need a moment to go.
wait_until 'umount "$MNT" 2>/dev/null' 10
wait_until "! kill -0 $daemon 2>/dev/null" 10; is 'then the mount goes' 0 $?

# Disks that are open, several processes, a device as a block device: what was recorded is what is explored.
for device in file loop; do
    # shellcheck disable=SC2016
    run --block-device $device --seed 5 --record "$work/disks-$device" -- bash -c '
        one() { for i in 1 2 3; do d=$(zramctl -f -s 4M) && { mkfs.ext2 -q "$d"; zramctl -r "$d"; }; done; }
        two() { for i in 1 2 3; do id=$(cat /sys/class/zram-control/hot_add) && { echo 2M >/sys/block/zram$id/disksize
            dd if=/dev/zero of=/dev/zram$id bs=4k count=2 status=none; echo 1 >/sys/block/zram$id/reset
            echo $id >/sys/class/zram-control/hot_remove; }; done; }
        one & two & wait; exit 9' >/dev/null 2>"$work/err"
    is "$device: the command's own failure" 9 $?
    grep -q 'a schedule that ends in nothing wrong' "$work/err" || fail "$device: $(grep kept "$work/err")"
    # Of a block device only those are known who had it open when somebody reset or removed it.
    [[ $device == loop ]] || grep -q '^exec 3. $1/dev/zram' "$work/disks-$device"/*.sh; is "$device: who has a disk open is in the scripts" 0 $?
    "$ZRAMFS" replay "$(<"$work/disks-$device/schedule")" --scenario "$work/disks-$device" >/dev/null
    is "$device: its schedule replays" 0 $?
done

# What cannot be explored is said.
run --record "$work/kept" -- false 2>"$work/err"; is 'a folder with something in it' 2 $?
run --record "$0" -- false 2>"$work/err"; is 'a file in place of a folder' 2 $?
run --record "$work/it's here" -- sh -c 'cat /sys/block/zram0/initstate; false' >/dev/null 2>"$work/err"
bash -c "$(sed -n 's/.*see it with: //p' "$work/err" | sed "s|^zramfs|$ZRAMFS|")" >"$work/replay"; is 'a folder with a strange name' 0 $?
run --faults fail_kernfs/sleep_after_wait_ms=10 --record "$work/fault" -- false 2>"$work/err"
grep -q 'no schedule: the fault fail_kernfs.* cannot be explored' "$work/err"; is 'a fault that is not explored' 0 $?
run --record "$work/idle" -- false 2>"$work/err"
grep -q 'no schedule: the command did nothing with the simulated kernel' "$work/err"; is 'a command that does nothing' 0 $?
run --record "$work/passed" -- true; [[ ! -e $work/passed ]]; is 'nothing is kept of what passes' 0 $?
run --repeat 2 --record /nonexistent/x -- true 2>"$work/err"; is 'a folder that cannot be made' 125 $?
finish
