#!/usr/bin/env bash
# What people do with zram, on a device of its own: prints what they see, but for numbers that must differ.
# clients.sh: hot_adds a device, works on it, hot_removes it; the same in `zramfs run` and on the host's own zram.
set -u
export LC_ALL=C
id=$(cat /sys/class/zram-control/hot_add) || exit 1
D=/dev/zram$id
S=/sys/block/zram$id
M=$(mktemp -d)
trap 'swapoff $D 2>/dev/null; umount "$M" 2>/dev/null; rmdir "$M"; echo $id >/sys/class/zram-control/hot_remove' EXIT
# The device's number, sizes after compression, UUIDs and the host's rates are its own.
plain() { sed -E "s/zram$id/zramN/g; s/[0-9a-f]{8}-[0-9a-f-]{27}/UUID/g; s/$(basename "$M")/FOLDER/g"; }
say() { echo "== $1"; shift; "$@" 2>&1 | plain; echo "-> ${PIPESTATUS[0]}"; }

say 'set' zramctl -s 64M -a lz4 "$D"
say 'list' zramctl -n -o NAME,ALGORITHM,DISKSIZE,DATA,MOUNTPOINT "$D"
say 'size' blockdev --getsize64 "$D"
say 'sectors' blockdev --getss --getpbsz --getro "$D"
say 'kind' stat -c '%F %a' "$D"
say 'set again' sh -c "echo 1M >$S/disksize"
say 'mkfs' mkfs.ext4 -q "$D"
say 'mount' mount "$D" "$M"
say 'mounted' findmnt -n -o TARGET,FSTYPE "$D"
say 'listed' zramctl -n -o NAME,MOUNTPOINT "$D"
say 'reset while mounted' sh -c "echo 1 >$S/reset"
say 'hot_remove while mounted' sh -c "echo $id >/sys/class/zram-control/hot_remove"
say 'copy' cp -a /etc/services "$M/"
say 'compare' cmp /etc/services "$M/services"
say 'trim' sh -c "fstrim '$M'"
say 'umount' umount "$M"
say 'fsck' sh -c "e2fsck -fn $D >/dev/null 2>&1"
say 'dump' sh -c "dumpe2fs -h $D 2>/dev/null | grep -E '^(Block count|Block size|Filesystem state)'"
for engine in psync libaio; do
    say "fio $engine" sh -c "fio --verify_state_save=0 --name=x --filename=$D --rw=randrw --bs=4k --size=16M --verify=crc32c \
        --ioengine=$engine --iodepth=4 --output-format=terse --terse-version=3 | cut -d';' -f3-5"
done
# fio's mmap engine cannot verify a block device, real zram included: another engine reads what it wrote.
for engine in 'mmap --do_verify=0' 'psync --verify_only'; do
    say "fio $engine" sh -c "fio --verify_state_save=0 --name=x --filename=$D --rw=write --bs=4k --size=16M --verify=crc32c \
        --ioengine=$engine --output-format=terse --terse-version=3 | cut -d';' -f3-5"
done
say 'fio direct' sh -c "fio --verify_state_save=0 --name=x --filename=$D --rw=randrw --bs=4k --size=8M --direct=1 --verify=crc32c \
    --output-format=terse --terse-version=3 | cut -d';' -f3-5"
say 'reset' zramctl -r "$D"
[[ -e $D ]] && say 'reset by hand' sh -c "echo 1 >$S/reset"
id=$(cat /sys/class/zram-control/hot_add)
D=/dev/zram$id S=/sys/block/zram$id
say 'set once more' sh -c "echo lz4 >$S/comp_algorithm; echo 32M >$S/disksize"
say 'mkswap' mkswap "$D"
say 'swapon' swapon -p 5 "$D"
say 'swap listed' swapon --show=NAME,TYPE,SIZE,PRIO --noheadings
say 'swap is busy' sh -c "echo 1 >$S/reset"
say 'swapoff' swapoff "$D"
say 'zeroes' sh -c "dd if=/dev/zero of=$D bs=1M count=4 conv=fsync 2>/dev/null; cut -c1-9 $S/mm_stat"
say 'reset at last' sh -c "echo 1 >$S/reset; cat $S/disksize $S/initstate"
