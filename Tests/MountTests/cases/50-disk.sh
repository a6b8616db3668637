#!/usr/bin/env bash
# Real programs on the disk: mkfs, loop mount, copied trees, fsck, fio, the model-based exerciser.
# limit: 300
. "$(dirname "$0")/../lib.sh"
needRoot
need fio mkfs.ext4 losetup
start_mount policy=5.16
MEGABYTES=${MEGABYTES:-60} "$here/disk-clients.sh" "$MNT" "$work" || fail 'disk-clients.sh'
stop_mount || fail 'unmounting'
"$ZRAMFS" image check "$IMAGE" >"$work/check"; is 'the image is clean and empty' 0 $?
