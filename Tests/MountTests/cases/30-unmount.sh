#!/usr/bin/env bash
# Every row of "what unmounting does", with real commands.
# limit: 180
. "$(dirname "$0")/../lib.sh"
needRoot
need umount fusermount3 mount
# mount(8) and umount(8) look for helpers in /sbin alone.
for helper in mount.fuse.zramfs umount.fuse.zramfs; do
    [[ -e /sbin/$helper ]] || { ln -s "$ZRAMFS" "/sbin/$helper"; installed+=" /sbin/$helper"; }
done
cleanup() { rm -f ${installed:-}; }
log() { grep -q -e "$1" "$work/kernel.log"; }
# A process that has ended may wait for whoever reaps it.
alive() { [[ -e /proc/$1 && $(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null) != Z ]]; }
begin() { rm -f "$work/kernel.log"; start_mount "log=$work/kernel.log" "$@"; }
# A store that stands at a gate; its pid in $writer.
held_store() {
    echo 'hold fn=reset_store' >"$MNT/debug/points/init_lock.down_write"
    (exec sh -c 'echo 1 > "$0"' "$MNT/zram0/reset") 2>"$work/writer" &
    writer=$!
    echo wait >"$MNT/debug/points/init_lock.down_write"
}
gone() { wait_until "! is_mounted '$MNT' && ! kill -0 $daemon 2>/dev/null" 10; }

begin policy=5.16
umount "$MNT"; is 'umount' 0 $?
! alive "$daemon"; is 'umount waits for the daemon' 0 $?
log 'Removed device: zram0'; is 'umount removes the module' 0 $?

mkdir -p "$MNT"
mount -t fuse.zramfs "$IMAGE" "$MNT" -o policy=5.16; is 'mount -t fuse.zramfs' 0 $?
daemon=$(daemon_of "$MNT" | head -n 1)
echo 1M >"$MNT/zram0/disksize"
exec 3<>"$MNT/dev/zram0"
umount "$MNT" 2>"$work/err"; is 'umount with the disk open' 32 $?
grep -q 'target is busy' "$work/err"; is 'it says so' 0 $?
umount -i "$MNT" 2>/dev/null; is 'umount -i with the disk open' 32 $?
fusermount3 -u "$MNT" 2>/dev/null; is 'fusermount3 -u with the disk open' 1 $?
exec 3>&-
umount -i "$MNT"; is 'umount -i' 0 $?
gone; is 'module exit runs, the daemon ends' 0 $?

begin policy=5.16
fusermount3 -u "$MNT"; is 'fusermount3 -u' 0 $?
gone; is 'the daemon ends' 0 $?
log 'Removed device: zram0'; is 'module exit ran' 0 $?

begin policy=v8-11
echo 'hold fn=reset_store' >"$MNT/debug/points/zram_index_mutex.lock"
(exec sh -c 'echo 1 > "$0"' "$MNT/zram0/reset") 2>"$work/writer" &
writer=$!
echo wait >"$MNT/debug/points/zram_index_mutex.lock"
echo hold >"$MNT/debug/points/reset.drain"
umount "$MNT" 2>"$work/err" &
remover=$!
echo wait >"$MNT/debug/points/reset.drain"
echo go >"$MNT/debug/points/reset.drain"
echo go >"$MNT/debug/points/zram_index_mutex.lock"
wait_until "log 'zramfs: deadlock'" 5; is 'deadlock is reported' 0 $?
kill -0 "$writer" "$remover"; is 'umount hangs like rmmod' 0 $?
kill -INT "$(pgrep -P "$remover" || echo "$remover")" "$remover"; kill -INT "$writer"
kill -KILL "$writer" 2>/dev/null
wait "$writer"
kill -TERM $(descendants "$remover") 2>/dev/null
wait "$remover"; is 'Ctrl-C gets umount out' 1 $(($? > 0))
umount -l "$MNT"; is 'umount -l of a deadlocked instance' 0 $?
gone; is 'the daemon ends all the same' 0 $?

begin policy=5.15
echo 1M >"$MNT/zram0/disksize"
held_store
umount -i "$MNT" 2>/dev/null; is 'umount -i with a store in flight' 32 $?
umount -l "$MNT"; is 'umount -l returns' 0 $?
! is_mounted "$MNT"; is 'it is detached' 0 $?
wait_until "log 'instances left'" 5; is 'module exit runs without a pin' 0 $?
kill -0 "$writer"; is 'while the store is in flight' 0 $?
kill -KILL "$writer"; wait "$writer" 2>/dev/null
gone; is 'the daemon ends once the store is gone' 0 $?

begin policy=5.16
held_store
umount -f "$MNT"; umount -l "$MNT" 2>/dev/null
wait "$writer"; is 'umount -f ends the store' 1 $(($? > 0))
gone; is 'the daemon ends' 0 $?

begin policy=5.16
kill -TERM "$daemon"
gone; is 'SIGTERM unmounts' 0 $?
log 'Removed device: zram0'; is 'SIGTERM removes the module' 0 $?

begin policy=5.16
held_store
kill -TERM "$daemon"
sleep 0.3
kill -0 "$daemon"; is 'SIGTERM waits for the store, as the helper' 0 $?
kill -TERM "$daemon"
gone; is 'a second SIGTERM ends it at once' 0 $?
wait "$writer" 2>/dev/null
:
