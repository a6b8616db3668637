#!/usr/bin/env bash
# -o keep: what was synced is there after kill -9 of the daemon; damage is EIO and a line in the log; image tools.
. "$(dirname "$0")/../lib.sh"
needRoot
need mkfs.ext4 losetup fsck.ext4

disk_loop=
cleanup() {
    umount -l "$work/ext4" 2>/dev/null
    [[ -z $disk_loop ]] || losetup -d "$disk_loop" 2>/dev/null
    return 0
}

kill_daemon() {
    kill -9 "$daemon"
    wait_until "! kill -0 $daemon 2>/dev/null" 10 || fail 'the daemon outlives kill -9'
    umount -l "$MNT"
}

start_mount keep policy=5.16
echo zstd >"$MNT/zram0/comp_algorithm"
echo 96M >"$MNT/zram0/disksize"
hot_add
echo 8M >"$MNT/zram$id/disksize"
echo 4000K >"$MNT/zram$id/mem_limit"; is 'a limit' 0 $?
# Without line feeds, which grep could not look for below.
head -c 3M /dev/urandom | tr '\n' . >"$work/data"
dd if="$work/data" of="$MNT/dev/zram$id" bs=64k conv=notrunc,fsync status=none; is 'dd with fsync' 0 $?

# A file system on it: everything up to the sync survives the daemon.
disk_loop=$(losetup -f --show "$MNT/dev/zram0")
mkfs.ext4 -q "$disk_loop"
mkdir -p "$work/ext4"
mount "$disk_loop" "$work/ext4"
cp -r "$repository/Sources" "$work/ext4/"
sync -f "$work/ext4"
(cd "$work/ext4" && find Sources -type f -exec md5sum {} + | sort) >"$work/sums"
cp -r "$repository/Tests" "$work/ext4/" # not waited for
kill_daemon
umount -l "$work/ext4"
losetup -d "$disk_loop"
is 'its image says so' 1 "$("$ZRAMFS" image info "$IMAGE" | grep -c 'not closed, keeps its disks')"
"$ZRAMFS" mount "$IMAGE" "$MNT" 2>"$work/err"; is 'a volatile mount is refused' 2 $?
is 'in one line' 1 "$(grep -c 'keeps its disks.*-o keep' "$work/err")"

start_mount keep policy=5.16
is 'disksize is back' "$((96 << 20)) $((8 << 20))" "$(<"$MNT/zram0/disksize") $(<"$MNT/zram$id/disksize")"
is 'the compressor is back' 'lz4 lz4hc [zstd]' "$(sed 's/ *$//' "$MNT/zram0/comp_algorithm" | grep -o 'lz4.*')"
is 'the limit is back' "0 $((4000 << 10))" "$(awk '{ print $4 }' "$MNT/zram0/mm_stat" "$MNT/zram$id/mm_stat" | xargs)"
is 'the log says so' 1 "$(grep -c 'zram0: its image kept 100663296 bytes' "$MNT/debug/kmsg")"
cmp -n $((3 << 20)) "$MNT/dev/zram$id" "$work/data"; is 'what was written with fsync is back' 0 $?
disk_loop=$(losetup -f --show "$MNT/dev/zram0")
fsck.ext4 -p "$disk_loop" >"$work/fsck" 2>&1; [[ $? -le 1 ]]; is 'fsck needs no help' 0 $?
fsck.ext4 -fn "$disk_loop" >"$work/fsck" 2>&1; is 'and then finds nothing' 0 $?
mount "$disk_loop" "$work/ext4"
(cd "$work/ext4" && md5sum --quiet -c "$work/sums"); is 'every file that was synced is whole' 0 $?
umount "$work/ext4"
losetup -d "$disk_loop"

# The module goes and comes; its disks with it.
"$ZRAMFS" rmmod "$MNT"; is 'rmmod' 0 $?
"$ZRAMFS" modprobe "$MNT" num_devices=$((id + 1)); is 'modprobe' 0 $?
cmp -n $((3 << 20)) "$MNT/dev/zram$id" "$work/data"; is 'the disk comes back with its module' 0 $?
is 'and its limit' $((4000 << 10)) "$(awk '{ print $4 }' "$MNT/zram$id/mm_stat")"
head -c 5M /dev/urandom | dd of="$MNT/dev/zram$id" bs=64k oflag=direct conv=notrunc status=none 2>"$work/err"
grep -q 'Input/output error' "$work/err"; is 'which still limits' 0 $?
echo 1 >"$MNT/zram$id/reset"
is 'a reset discards' 0 "$(<"$MNT/zram$id/disksize")"
is 'the limit, too' 0 "$(awk '{ print $4 }' "$MNT/zram$id/mm_stat")"
echo 4M >"$MNT/zram$id/disksize"
is 'which a new disk does not have' 0 "$(awk '{ print $4 }' "$MNT/zram$id/mm_stat")"
echo 1 >"$MNT/zram$id/reset"
echo reboot >/dev/null; echo b >"$MNT/sysrq-trigger"
wait_until "[[ -e $MNT/zram0/disksize ]]" 5
is 'a reboot of the instance keeps' "$((96 << 20)) 0" "$(<"$MNT/zram0/disksize") $(<"$MNT/zram$id/disksize")"
stop_mount; is 'umount' 0 $?

# The level, which no file shows, and a limit that was set before the size.
start_mount keep abi=6.18 policy=5.16
hot_add
echo zstd >"$MNT/zram$id/comp_algorithm"
echo 'priority=0 level=17' >"$MNT/zram$id/algorithm_params"
echo 1M >"$MNT/zram$id/mem_limit"
echo 2M >"$MNT/zram$id/disksize"
info() { "$ZRAMFS" image info "$IMAGE" | grep -o "zram$id .*"; }
grep -q 'zstd level 17, .*, limit 1048576 bytes' < <(info); is 'info shows level and limit' 0 $?
kill_daemon
start_mount keep abi=6.18 policy=5.16
cat "$MNT/zram-control/hot_add" >/dev/null
is 'hot_add brings the limit back' $((1 << 20)) "$(awk '{ print $4 }' "$MNT/zram$id/mm_stat")"
echo 0 >"$MNT/zram$id/mem_limit"
grep -q 'zstd level 17, .* bytes$' < <(info); is 'no limit any more' 0 $?
head -c 512K "$repository/docs/differences.md" "$repository"/Sources/*/*.swift | head -c 512K >"$work/text"
dd if="$work/text" of="$MNT/dev/zram$id" bs=64k oflag=direct conv=notrunc status=none
after=$(awk '{ print $2 }' "$MNT/zram$id/mm_stat")
echo 1 >"$MNT/zram$id/reset"
echo zstd >"$MNT/zram$id/comp_algorithm"
echo 2M >"$MNT/zram$id/disksize"
grep -q 'zstd, .* bytes$' < <(info); is 'a reset discards the level' 0 $?
dd if="$work/text" of="$MNT/dev/zram$id" bs=64k oflag=direct conv=notrunc status=none
[[ $after -lt $(awk '{ print $2 }' "$MNT/zram$id/mm_stat") ]]; is 'the level that was kept stored less' 0 $?
echo 1 >"$MNT/zram$id/reset"
stop_mount

# Pages on a backing device come back with it; without it there is no mount.
truncate -s 1M "$work/backing"
start_mount keep abi=6.18 policy=5.16
hot_add
echo "$work/backing" >"$MNT/zram$id/backing_dev"; is 'a backing device' 0 $?
echo 1M >"$MNT/zram$id/disksize"
dd if="$work/data" of="$MNT/dev/zram$id" bs=4k count=64 conv=notrunc,fsync status=none
echo huge >"$MNT/zram$id/writeback"; is 'writeback' 0 $?
is 'all are there' 64 "$(awk '{ print $1 }' "$MNT/zram$id/bd_stat")"
dd if="$work/data" of="$MNT/dev/zram$id" bs=4k count=4 conv=notrunc,fsync status=none
kill_daemon
mv "$work/backing" "$work/elsewhere"
"$ZRAMFS" mount -o keep "$IMAGE" "$MNT" 2>"$work/err"; is 'without it the mount is refused' 2 $?
grep -q "$work/backing: .*zram$id" "$work/err"; is 'and names it' 0 $?
mv "$work/elsewhere" "$work/backing"
start_mount keep abi=6.18 policy=5.16
cat "$MNT/zram-control/hot_add" >/dev/null
is 'the device is back' "$work/backing 60" "$(<"$MNT/zram$id/backing_dev") $(awk '{ print $1 }' "$MNT/zram$id/bd_stat")"
cmp -n $((64 << 12)) "$MNT/dev/zram$id" "$work/data"; is 'and what is on it' 0 $?
"$ZRAMFS" rmmod "$MNT" && "$ZRAMFS" modprobe "$MNT" num_devices=$((id + 1)); is 'rmmod and modprobe' 0 $?
is 'it comes back with the module' "$work/backing" "$(<"$MNT/zram$id/backing_dev")"
cmp -n $((64 << 12)) "$MNT/dev/zram$id" "$work/data"; is 'and so do its pages' 0 $?
echo 1 >"$MNT/zram$id/reset"
is 'a reset lets it go' none "$(<"$MNT/zram$id/backing_dev")"
stop_mount

# Tools.
"$ZRAMFS" image check "$IMAGE" >"$work/check"; is 'check' 0 $?
"$ZRAMFS" image export "$IMAGE" zram0 "$work/raw"; is 'export' 0 $?
is 'of its size' $((96 << 20)) "$(stat -c %s "$work/raw")"
fsck.ext4 -fn "$work/raw" >"$work/fsck" 2>&1; is 'a file system' 0 $?
"$ZRAMFS" image import "$work/raw" "$work/second.img" --disk zram0 --algorithm lz4hc; is 'import' 0 $?
"$ZRAMFS" image export "$work/second.img" zram0 - | cmp - "$work/raw"; is 'there and back' '0 0' "${PIPESTATUS[*]}"
"$ZRAMFS" image compact "$work/second.img" >"$work/compact"; is 'compact' 0 $?
"$ZRAMFS" image export "$work/second.img" zram0 - | cmp - "$work/raw"; is 'and still there' '0 0' "${PIPESTATUS[*]}"

# A wrong byte in the middle of a page of random data: that page, and only that, is EIO, and named.
"$ZRAMFS" image import "$work/data" "$work/third.img"; is 'import of data' 0 $?
offset=$(LC_ALL=C grep -obUaP "$(head -c 4596 "$work/data" | tail -c 8 | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g')" \
    "$work/third.img" | head -n 1 | cut -d: -f1)
printf 'bad' | dd of="$work/third.img" bs=1 seek="$offset" conv=notrunc status=none
IMAGE=$work/third.img start_mount keep
dd if="$MNT/dev/zram0" bs=4096 iflag=direct count=1 skip=1 of=/dev/null 2>"$work/err"; is 'the damaged page' 1 $?
grep -q 'Input/output error' "$work/err"; is 'is EIO' 0 $?
cmp -n 4096 "$MNT/dev/zram0" "$work/data"; is 'its neighbour is whole' 0 $?
grep -q 'zram: zram0: page 1 is damaged, at byte [0-9]* of the image' "$MNT/debug/kmsg"; is 'the log names it' 0 $?
stop_mount
"$ZRAMFS" image check "$work/third.img" >"$work/check"; is 'check finds it' 1 $?
"$ZRAMFS" image repair "$work/third.img" >"$work/repair"; is 'repair' 1 $?
is 'says what is lost' 1 "$(grep -c '^lost .*zram0, page 1,' "$work/repair")"
"$ZRAMFS" image check "$work/third.img" >"$work/check"; is 'then it is sound' 0 $?
