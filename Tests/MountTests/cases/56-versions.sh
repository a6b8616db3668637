#!/usr/bin/env bash
# What writeback, recompress, backing_dev and block_state do in which kernel: docs/zram-versions.md line by line.
. "$(dirname "$0")/../lib.sh"
needRoot
flags() { awk -v page="$1" '$1 == page { print $3 }' "$S"; }
time_of() { awk -v page="$1" '$1 == page { print $2 }' "$S"; }
written() { awk '$3 ~ /w/ { printf "%s ", $1 }' "$S"; }
fill() { # noise in so many pages
    dd if="$work/noise" of="$D" bs=4k count="$1" conv=notrunc oflag=direct status=none
}
head -c 64K /dev/urandom >"$work/noise"
head -c 4K "$repository/README.md" >"$work/text"
truncate -s 16K "$work/backing"
other() { attrprobe -e "$MNT/zram1/backing_dev" w "write:$work/backing"; }

start_mount abi=5.15 policy=5.16
Z=$MNT/zram0 D=$MNT/dev/zram0 S=$MNT/debug/zram/zram0/block_state
cat "$MNT/zram-control/hot_add" >/dev/null
is '5.15: the default compressor' 'lzo [lzo-rle] lz4 lz4hc zstd ' "$(<"$Z/comp_algorithm")"
expect_errno ok "$Z/backing_dev" w "write:$work/backing"
is '5.15: nobody else may have the device' EBUSY "$(other)"
expect_errno ok "$Z/backing_dev" w "write:$work/backing"
echo 1M >"$Z/disksize"
fill 8
expect_errno ENOSPC "$Z/writeback" w write:huge
is '5.15: by index, as far as there are blocks' '0 1 2 ' "$(written)"
expect_errno ENOSPC "$Z/writeback" w write:page_index=200
dd if=/dev/zero of="$D" bs=4k count=1 conv=notrunc oflag=direct status=none
expect_errno ok "$Z/writeback" w write:page_index=200
echo 1 >"$Z/writeback_limit_enable"
expect_errno EIO "$Z/writeback" w write:page_index=200
expect_errno EIO "$Z/writeback" w write:idle
echo 1 >"$Z/reset"
is '5.15: a reset lets the device go' ok "$(other)"
stop_mount
truncate -s 64K "$work/backing"

start_mount abi=6.18 policy=5.16
is '6.18: the default compressor' '[lzo-rle] lzo lz4 lz4hc zstd deflate ' "$(<"$Z/comp_algorithm")"
echo algo=deflate >"$Z/recomp_algorithm"
echo 'algo=zstd priority=2' >"$Z/recomp_algorithm"
expect_errno ok "$Z/backing_dev" w "write:$work/backing"
expect_errno EBUSY "$Z/backing_dev" w "write:$work/backing"
echo 1M >"$Z/disksize"
dd if="$work/text" of="$D" bs=4k count=1 conv=notrunc oflag=direct status=none
dd if="$work/noise" of="$D" bs=4k count=3 seek=1 conv=notrunc oflag=direct status=none
[[ $(time_of 1) != 0.000000 ]]; is 'a page has the time of its last access' 0 $?
echo 1 >"$Z/writeback_limit"; echo 1 >"$Z/writeback_limit_enable"
expect_errno EIO "$Z/writeback" w 'write:page_index=0 page_index=1'
is '6.18: several targets are one selection, the largest first' '1 ' "$(written)"
is 'one that moved has no time' 0.000000 "$(time_of 1)"
echo 0 >"$Z/writeback_limit_enable"
expect_errno ok "$Z/recompress" w write:priority=1
is 'a lower compressor that fails says nothing' ..h... "$(flags 2 | sed 's/^\(......\).*/\1/;s/i/./')"
is 'one that does makes it a recompressed one' r "$(flags 0 | cut -c 5)"
is 'with no time' 0.000000 "$(time_of 0)"
expect_errno ok "$Z/recompress" w write:priority=2
is 'where the highest fails too a page is incompressible' n "$(flags 2 | cut -c 6)"
expect_errno ok "$Z/writeback" w write:type=incompressible
grep -q '1 2 3' <<<"$(written)"; is 'and can be written back as such' 0 $?
echo 1 >"$Z/reset"
hot_add
Z=$MNT/zram$id
for end in reset remove rmmod; do
    expect_errno ok "$Z/backing_dev" w "write:$work/backing"
    echo 1M >"$Z/disksize"
    case $end in
    reset) echo 1 >"$Z/reset" ;;
    remove) echo "$id" >"$MNT/zram-control/hot_remove"; hot_add; Z=$MNT/zram$id ;;
    rmmod) "$ZRAMFS" rmmod "$MNT"; "$ZRAMFS" modprobe "$MNT"; Z=$MNT/zram0 ;;
    esac
    expect_errno ok "$Z/backing_dev" w "write:$work/backing"
    echo 1M >"$Z/disksize"; echo 1 >"$Z/reset"
done
stop_mount
