#!/usr/bin/env bash
# What leaks stays visible in the image; a foreign, busy or full place is refused and nothing is lost.
. "$(dirname "$0")/../lib.sh"
needRoot
start_mount policy=5.15
Fixtures=$fixtures
echo 'hold fn=del_gendisk' >"$MNT/debug/points/open_mutex.lock"
echo zram >"$MNT/debug/delete_module" &
echo wait >"$MNT/debug/points/open_mutex.lock"
echo 1M >"$MNT/zram0/disksize"
echo go >"$MNT/debug/points/open_mutex.lock"
wait $!
mkdir -p "$work/second"
"$ZRAMFS" mount "$IMAGE" "$work/second" 2>"$work/err"; is 'an image in use' 1 $(($? > 0))
is 'it is one line' 1 "$(wc -l <"$work/err")"
stop_mount
"$ZRAMFS" image check "$IMAGE" >"$work/check"; is 'check finds the leak' 1 $?
grep -q 'zram0.*LEAKED' "$work/check"; is 'and names the disk' 0 $?
echo 'precious' >"$work/foreign"
"$ZRAMFS" mount "$work/foreign" "$work/second" 2>"$work/err"; is 'a foreign file' 1 $(($? > 0))
is 'is untouched' precious "$(<"$work/foreign")"
mkdir "$work/small"
mount -t tmpfs -o size=4m none "$work/small"
cleanup() { umount -l "$work/small" 2>/dev/null; }
IMAGE=$work/small/disk.img start_mount
echo 64M >"$MNT/zram0/disksize"
dd if=/dev/urandom of="$MNT/dev/zram0" bs=64k count=8 conv=notrunc,fsync 2>/dev/null; is 'writing 512 KiB' 0 $?
head -c 512k "$MNT/dev/zram0" | md5sum >"$work/before"
dd if=/dev/urandom of="$MNT/dev/zram0" bs=64k seek=8 count=200 conv=notrunc,fsync 2>/dev/null
is 'a full host is an error' 1 $(($? > 0))
is 'what was stored stays readable' "$(<"$work/before")" "$(head -c 512k "$MNT/dev/zram0" | md5sum)"
stop_mount
