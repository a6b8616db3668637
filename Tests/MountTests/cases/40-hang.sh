#!/usr/bin/env bash
# 10,000 stores hung at once: another knob answers, memory stays low, a reboot frees them all.
. "$(dirname "$0")/../lib.sh"
needRoot
count=${COUNT:-10000}
start_mount policy=5.16
echo 'hold all fn=disksize_store' >"$MNT/debug/points/init_lock.down_write"
hang -n "$count" -t 60 "$MNT/zram0/disksize" 1M >"$work/hang" 2>&1 &
hung=$!
wait_until "grep -q 'pending' '$work/hang'" 60; is "$count stores are in flight" 0 $?
held() { [[ $(grep -c . "$MNT/debug/points/init_lock.down_write") -gt $count ]]; }
wait_until held 30; is 'they all stand at the gate' 0 $?
is 'another knob answers' 'lzo [lzo-rle] lz4 lz4hc zstd ' "$(bounded 2 cat "$MNT/zram0/comp_algorithm")"
resident=$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$daemon/status")
[[ $resident -lt 200 ]]; is "the daemon has $resident MiB, less than 200" 0 $?
threads=$(awk '/^Threads/ { print $2 }' "/proc/$daemon/status")
[[ $threads -lt 50 ]]; is "and $threads threads" 0 $?
echo b >"$MNT/sysrq-trigger"
wait_until "! kill -0 $hung 2>/dev/null" 30; is 'a reboot ends them' 0 $?
grep -q "EIO.*$count\|$count.*EIO" "$work/hang"; is 'with EIO, all' 0 $?
is 'the fresh instance works' 0 "$(<"$MNT/zram0/disksize")"
stop_mount
