#!/usr/bin/env bash
# A loop device on the disk asks for sectors of 512 bytes: file systems with blocks of 1, 2 and 4 KiB, trimmed, with and
# without direct I/O, and no I/O error in the host's log; and what was read through a cache counts after the last close.
# limit: 240
. "$(dirname "$0")/../lib.sh"
needRoot
need mkfs.ext4 e2fsck mkfs.xfs mkfs.btrfs losetup fstrim

disk_loop=
cleanup() {
    umount -l "$work/fs" 2>/dev/null
    [[ -z $disk_loop ]] || losetup -d "$disk_loop" 2>/dev/null
    return 0
}

column() { awk -v n="$1" '{ print $n }' "$MNT/zram0/mm_stat"; }
io_errors() { # SINCE: lines of the host's log about our loop device
    dmesg | awk -F '[][]' -v since="$1" '$2 + 0 >= since + 0' | grep -E "(I/O error|EXT4-fs error|XFS|BTRFS).*${disk_loop#/dev/}.*(error|DISCARD|WRITE_ZEROES)"
}

round() { # WHAT DIO FSCK MKFS...
    local what="$1, dio $2" dio=$2 fsck=$3 since before trimmed
    shift 3
    since=$(cut -d ' ' -f 1 /proc/uptime)
    disk_loop=$(losetup -f --show --direct-io="$dio" "$MNT/dev/zram0") || { fail "$what: losetup"; return; }
    "$@" "$disk_loop" >"$work/out" 2>&1; is "$what: mkfs" 0 $?
    mount "$disk_loop" "$work/fs" 2>"$work/out" || { fail "$what: mount: $(<"$work/out")"; losetup -d "$disk_loop"; return; }
    cp -r "$repository/Sources" "$work/fs/"
    head -c 4M /dev/urandom >"$work/fs/random"
    sync -f "$work/fs"
    diff -r "$repository/Sources" "$work/fs/Sources"; is "$what: the copy" 0 $?
    before=$(column 1)
    rm -r "$work/fs/Sources" "$work/fs/random"
    sync -f "$work/fs"
    fstrim "$work/fs" 2>"$work/out"; is "$what: fstrim" 0 $?
    # xfs gives the blocks of a file that is gone back a little later.
    trimmed='[[ $(column 1) -lt $((before - (4 << 20))) ]]'
    wait_until "$trimmed || { fstrim '$work/fs'; $trimmed; }" 20; is "$what: it frees the pages" 0 $?
    umount "$work/fs"; is "$what: umount" 0 $?
    # shellcheck disable=SC2086
    $fsck "$disk_loop" >"$work/out" 2>&1; is "$what: fsck" 0 $?
    is "$what: no I/O error" '' "$(io_errors "$since")"
    losetup -d "$disk_loop"
}

start_mount policy=5.16
echo 320M >"$MNT/zram0/disksize"
mkdir "$work/fs"
for dio in off on; do
    for block in 1024 2048 4096; do
        round "ext4 with $block" $dio 'e2fsck -fn' mkfs.ext4 -q -F -b $block
    done
    if grep -qw xfs /proc/filesystems; then
        round xfs $dio 'xfs_repair -n' mkfs.xfs -q -f
    fi
    if grep -qw btrfs /proc/filesystems; then
        round btrfs $dio 'btrfs check -q' mkfs.btrfs -q -f
    fi
done

# Parts of pages.
head -c 12K /dev/urandom >"$work/data"
dd if="$work/data" of="$MNT/dev/zram0" bs=512 oflag=direct conv=notrunc status=none; is 'direct writes of 512 bytes' 0 $?
dd if="$MNT/dev/zram0" bs=512 iflag=direct count=24 status=none | cmp - "$work/data"; is 'and reads' '0 0' "${PIPESTATUS[*]}"
for punch in '--punch-hole -o 512 -l 1024' '--zero-range -o 3584 -l 5120' '--punch-hole -o 9728 -l 512'; do
    # shellcheck disable=SC2086
    fallocate -n $punch "$MNT/dev/zram0"; is "fallocate $punch" 0 $?
    # shellcheck disable=SC2086
    fallocate -n $punch "$work/data"
    cmp -n 12288 "$MNT/dev/zram0" "$work/data"; is 'the rest is as it was' 0 $?
done

# A cache that outlives the last close would hide reads.
echo all >"$MNT/zram0/idle"
grep -q '^ *0 .*i' "$MNT/debug/zram/zram0/block_state"; is 'page 0 is idle' 0 $?
dd if="$MNT/dev/zram0" of="$work/out" bs=4k count=1 status=none
grep '^ *0 ' "$MNT/debug/zram/zram0/block_state" | grep -q i; is 'until it is read' 1 $?
before=$(awk '{ print $1 }' "$MNT/zram0/stat")
dd if="$MNT/dev/zram0" of="$work/out" bs=4k count=1 status=none
[[ $(awk '{ print $1 }' "$MNT/zram0/stat") -gt $before ]]; is 'each use after the last close is a read' 0 $?
stop_mount; is 'umount' 0 $?
