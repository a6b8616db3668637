#!/usr/bin/env bash
# Recompression, idle marks, block_state, writeback: the files of kernels built with all of zram.
# limit: 120
. "$(dirname "$0")/../lib.sh"
needRoot
start_mount abi=6.18
Z=$MNT/zram0 D=$MNT/dev/zram0 S=$MNT/debug/zram/zram0/block_state
bd() { awk -v n="$1" '{ print $n }' "$Z/bd_stat"; }

expect_errno EINVAL "$Z/recomp_algorithm" w write:algo=nosuch
expect_errno EINVAL "$Z/recomp_algorithm" w write:priority=1
expect_errno EINVAL "$Z/recomp_algorithm" w 'write:algo=zstd priority=4'
expect_errno ok "$Z/recomp_algorithm" w write:algo=zstd
expect_errno ok "$Z/recomp_algorithm" w 'write:algo=deflate priority=2'
is 'two secondary compressors' '#1: lzo-rle lzo lz4 lz4hc [zstd] deflate 
#2: lzo-rle lzo lz4 lz4hc zstd [deflate] ' "$(<"$Z/recomp_algorithm")"
expect_errno ok "$Z/algorithm_params" w 'write:algo=zstd level=9'
expect_errno EINVAL "$Z/recompress" w write:type=huge

expect_errno ENOENT "$Z/backing_dev" w "write:$work/nothing"
expect_errno ENOTBLK "$Z/backing_dev" w write:/dev/null
expect_errno EINVAL "$Z/backing_dev" w "write:$MNT/dev/zram0"
ln -s "$MNT/dev" "$work/link"
expect_errno EINVAL "$Z/backing_dev" w "write:$work/link/zram0"
truncate -s 64K "$work/backing"
expect_errno ok "$Z/backing_dev" w "write:$work/backing"
is 'the backing device' "$work/backing" "$(<"$Z/backing_dev")"

echo 64M >"$Z/disksize"
expect_errno EBUSY "$Z/recomp_algorithm" w write:algo=zstd
expect_errno EBUSY "$Z/backing_dev" w "write:$work/backing"
expect_errno EINVAL "$Z/recompress" w 'write:algo=lz4hc'
expect_errno EINVAL "$Z/recompress" w write:threshold=4096
# 16 pages of hexadecimal digits without order, which lz4 finds little in, 16 of noise, 4 of zeroes.
{ head -c 32K /dev/urandom | od -An -v -tx1 | tr -d ' \n'; head -c 64K /dev/urandom; head -c 16K /dev/zero; } >"$work/data"
dd if="$work/data" of="$D" bs=4k conv=notrunc,fsync 2>/dev/null
before=$(awk '{ print $2 }' "$Z/mm_stat")
expect_errno ok "$Z/recompress" w 'write:max_pages=1'
is 'one page was tried' 1 "$(grep -c '[rn]' "$S")"
expect_errno ok "$Z/recompress" w 'write:algo=zstd'
is 'the digits became shorter' 16 "$(grep -c ' [.s][.w][.h][.i]r' "$S")"
is 'and so did the pool' 1 "$(($(awk '{ print $2 }' "$Z/mm_stat") < before))"
expect_errno ok "$Z/recompress" w 'write:type=huge'
is 'noise is incompressible' 16 "$(grep -c ' ..h..n$' "$S")"
is 'zeroes are same-filled' 4 "$(grep -c ' s' "$S")"
cmp -n 147456 "$work/data" "$D"; is 'nothing changed' 0 $?

echo all >"$Z/idle"
is 'all but same-filled pages are idle' 32 "$(grep -c ' ...i' "$S")"
dd if="$D" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
is 'a page that is read is not' 31 "$(grep -c ' ...i' "$S")"
echo 3600 >"$Z/idle"
is 'nothing is an hour old' 0 "$(grep -c ' ...i' "$S")"

expect_errno EINVAL "$Z/writeback" w write:nonsense
expect_errno ERANGE "$Z/writeback" w write:page_index=99999999
expect_errno ok "$Z/writeback" w write:page_indexes=0-1
is 'two pages on the device' '2 2' "$(bd 1) $(bd 3)"
echo 3 >"$Z/writeback_limit"; echo 1 >"$Z/writeback_limit_enable"
expect_errno EIO "$Z/writeback" w write:type=incompressible
is 'the limit let three through' '0 5' "$(<"$Z/writeback_limit") $(bd 1)"
echo 0 >"$Z/writeback_limit_enable"
expect_errno ENOSPC "$Z/writeback" w write:huge
is 'fifteen blocks, for the first is never used' 15 "$(bd 1)"
# From the device, not from the page cache.
dd if="$D" of="$work/back" bs=4k count=36 iflag=direct 2>/dev/null
cmp "$work/data" "$work/back"; is 'written-back pages read as before' 0 $?
is 'and came from there' 15 "$(bd 2)"
dd if="$work/data" of="$D" bs=4k count=2 conv=notrunc oflag=direct 2>/dev/null
is 'a page that is written anew gives its block back' 13 "$(bd 1)"
set -- $(<"$Z/stat")
is 'stat counts reads, sectors, writes' '1 1 1' "$(($1 > 0)) $(($3 > 0)) $(($5 > 0 && $7 >= 288))"
echo 1 >"$Z/reset"
is 'reset forgets the device' none "$(<"$Z/backing_dev")"
is 'and the compressors' '' "$(<"$Z/recomp_algorithm")"
stop_mount || fail 'umount'

MNT=$work/old start_mount abi=5.15
Z=$work/old/zram0
[[ -e $Z/recompress ]]; is 'no recompression in 5.15' 1 $?
expect_errno EINVAL "$Z/idle" w write:1
expect_errno EINVAL "$Z/writeback" w write:huge
expect_errno ok "$Z/comp_algorithm" w write:deflate
is '5.15 lists deflate only if it is chosen' 'lzo lzo-rle lz4 lz4hc zstd [deflate] ' "$(<"$Z/comp_algorithm")"
echo 1M >"$Z/disksize"
expect_errno ENODEV "$Z/writeback" w write:huge
expect_errno EINVAL "$Z/writeback" w write:huge_idle
dd if="$work/data" of="$work/old/dev/zram0" bs=4k count=36 conv=notrunc oflag=direct 2>/dev/null
dd if="$work/old/dev/zram0" bs=4k count=36 iflag=direct 2>/dev/null | cmp - "$work/data"; is 'deflate gives back' 0 $?
grep -q -E '^ {11}0 +[0-9]+\.[0-9]{6} \.\.[.h]\.$' "$work/old/debug/zram/zram0/block_state"; is 'four flags in 5.15' 0 $?
MNT=$work/old stop_mount || fail 'umount'
