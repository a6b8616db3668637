#!/usr/bin/env bash
# An oops kills who made the system call; who shares his descriptor gets EIO, and never waits for what the dead task keeps.
. "$(dirname "$0")/../lib.sh"
needRoot
start_mount policy=5.15,timing=off
points=$MNT/debug/points
echo 1M >"$MNT/zram0/disksize"
# R3 leaves a device whose table is freed memory.
echo 'hold fn=reset_store' >"$points/table.load"
echo 1 >"$MNT/zram0/reset" &
reset=$!
echo wait >"$points/table.load"
echo 2M >"$MNT/zram0/disksize"
echo go >"$points/table.load"
wait $reset; is 'the first reset ends' 0 $?

exec 3>"$MNT/zram0/reset"
bounded 20 bash -c 'echo 1 >&3; echo alive' >"$work/out" 2>&1; is 'the next kills its shell' 137 $?
is 'which says no more' 0 "$(grep -c alive "$work/out")"
is 'one oops' 1 "$(sed -n 's/^oopses //p' "$MNT/debug/counts")"
bounded 20 bash -c 'echo 1 >&3' 2>"$work/err"; is 'who shares the descriptor lives' 1 $?
grep -q 'Input/output error' "$work/err"; is 'with EIO' 0 $?
exec 3>&-
is 'no second oops' 1 "$(sed -n 's/^oopses //p' "$MNT/debug/counts")"
echo b >"$MNT/sysrq-trigger"
echo 1M >"$MNT/zram0/disksize"; is 'after a reboot all is well' 0 $?
stop_mount || fail 'unmounting'
