#!/usr/bin/env bash
# No output destroys an image; one that is cut off while it is mounted is damaged and says so; half an import is nothing.
. "$(dirname "$0")/../lib.sh"
needRoot
head -c 6M /dev/urandom >"$work/data"
"$ZRAMFS" image import "$work/data" "$work/a.img"; is 'import' 0 $?
refused() { # WHAT COMMAND...: one line, exit status 2, and the image is as it was
    local what=$1 before
    shift
    before=$(md5sum <"$IMAGE")
    "$@" >"$work/out" 2>"$work/err"; is "$what: refused" 2 $?
    is "$what: in one line" 1 "$(wc -l <"$work/err")"
    is "$what: the image is as it was" "$before" "$(md5sum <"$IMAGE")"
}
IMAGE=$work/a.img
refused 'export onto the image' "$ZRAMFS" image export "$IMAGE" zram0 "$IMAGE"
ln "$IMAGE" "$work/hard"
ln -s a.img "$work/soft"
refused 'by another name' "$ZRAMFS" image export "$IMAGE" zram0 "$work/hard"
refused 'by a link' "$ZRAMFS" image export "$IMAGE" zram0 "$work/soft"
rm "$work/hard"
"$ZRAMFS" image import "$work/data" "$work/b.img"; is 'another image' 0 $?
refused 'export onto another image' "$ZRAMFS" image export "$work/b.img" zram0 "$IMAGE"
if command -v qemu-img >/dev/null; then
    refused 'qcow2 onto an image' "$ZRAMFS" image export "$work/b.img" zram0 "$IMAGE" --format qcow2
fi
start_mount keep
refused 'onto a mounted image' "$ZRAMFS" image export "$work/b.img" zram0 "$IMAGE"
cmp -n $((6 << 20)) "$MNT/dev/zram0" "$work/data"; is 'whose pages are whole' 0 $?
stop_mount
echo before >"$work/out.raw"
chmod 640 "$work/out.raw"
"$ZRAMFS" image export "$IMAGE" zram0 "$work/out.raw"; is 'a file is replaced' 0 $?
cmp "$work/out.raw" "$work/data"; is 'by the disk' 0 $?
is 'with its permissions' 640 "$(stat -c %a "$work/out.raw")"
is 'and nothing is left beside it' out.raw "$(cd "$work" && ls -d out.raw*)"

start_mount keep
truncate -s 3M "$IMAGE"
dd if="$MNT/dev/zram0" of=/dev/null bs=64k 2>"$work/err"; is 'a page that is cut off cannot be read' 1 $?
stop_mount
"$ZRAMFS" image check "$IMAGE" >"$work/check"; is 'check says so afterwards' 1 $?
"$ZRAMFS" mount -o keep "$IMAGE" "$MNT" 2>"$work/err"; is 'and a mount is refused' 2 $?
is 'in one line' 1 "$(wc -l <"$work/err")"

# Large enough for none to end in time.
truncate -s 2G "$work/large"
for part in 1 1000 2000; do dd if="$work/data" of="$work/large" bs=1M seek=$part conv=notrunc status=none; done
head -c 200M /dev/urandom | dd of="$work/large" bs=1M seek=10 conv=notrunc iflag=fullblock status=none
for delay in 0.02 0.1 0.3 0.6; do
    rm -f "$work/c.img"
    "$ZRAMFS" image import "$work/large" "$work/c.img" &
    pid=$!
    sleep "$delay"
    kill -9 $pid && wait $pid 2>/dev/null
    [[ -s $work/c.img ]] || continue
    "$ZRAMFS" image info "$work/c.img" >"$work/out" 2>"$work/err" || continue
    grep -q '^disks *0' "$work/out"; is "an import that was killed after $delay s has no disk" 0 $?
    "$ZRAMFS" image import "$work/data" "$work/c.img"; is 'a next one has' 0 $?
    "$ZRAMFS" image check "$work/c.img" >"$work/check"; is 'and all is well' 0 $?
done
