#!/usr/bin/env bash
# Several mounts at once are several kernels.
. "$(dirname "$0")/../lib.sh"
needRoot
first=$work/first second=$work/second
MNT=$first IMAGE=$work/first.img start_mount policy=v8 num_devices=2
one=$daemon
MNT=$second IMAGE=$work/second.img start_mount policy=5.16
echo 1M >"$first/zram0/disksize"
is 'the other is untouched' 0 "$(<"$second/zram0/disksize")"
is 'devices of the first' 'zram0 zram1' "$(cd "$first/dev" && echo zram*)"
is 'devices of the second' zram0 "$(cd "$second/dev" && echo zram*)"
"$ZRAMFS" rmmod 2>"$work/err"; is 'which one is meant must be said' 2 $?
MNT=$second stop_mount
is 'the first lives on' 1048576 "$(<"$first/zram0/disksize")"
daemon=$one MNT=$first stop_mount
