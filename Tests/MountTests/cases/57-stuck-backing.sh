#!/usr/bin/env bash
# A backing device that hangs while it is opened, written or read: only who wants what is on it waits.
# limit: 120
. "$(dirname "$0")/../lib.sh"
needRoot

gates=$work/gates stuck=$work/stuck
mkdir "$gates" "$stuck"
stuckfile 1048576 "$gates" "$stuck" &
helper=$!
wait_until "[[ -f $stuck/file ]]" 10 || { fail 'the file that hangs is not there'; exit 1; }
connection=/sys/fs/fuse/connections/$(($(stat -c %d "$stuck") & 255))
cleanup() {
    rm -f "$gates"/*
    umount "$stuck" 2>/dev/null && return
    # Whatever still waits for it gets an error.
    echo 1 2>/dev/null >"$connection/abort"
    umount -l "$stuck" 2>/dev/null
    kill -KILL "$helper" 2>/dev/null
    return 0
}

shut() { rm -f "$gates/waiting"; : >"$gates/$1"; } # OPERATION: it hangs from now on
stuckAt() { wait_until "[[ -e $gates/waiting ]]" 10; is "$1 hangs" 0 $?; }
page() { bounded 10 dd if="$D" bs=4k skip="$1" count=1 iflag=direct status=none of="$work/page"; }
put() { bounded 10 dd if="$work/$1" of="$D" bs=4k skip="$2" seek="$2" count="$3" oflag=direct conv=notrunc status=none; }
same() { cmp -s -n 4096 "$work/page" "$work/$1" 0 $(($2 << 12)); is "page $2 is as in $1" 0 $?; }
# What has nothing to do with the device goes on: other devices, and the files of this one.
others() {
    bounded 10 dd if="$work/old" of="$MNT/dev/zram$id" bs=4k count=4 oflag=direct conv=notrunc status=none
    is "$1: another disk is written" 0 $?
    bounded 10 cmp -n 16384 "$MNT/dev/zram$id" "$work/old"; is "$1: and read" 0 $?
    bounded 10 cat "$MNT/zram$id/mm_stat" >/dev/null; is "$1: an attribute" 0 $?
    bounded 10 "$ZRAMFS" lsmod "$MNT" >/dev/null; is "$1: lsmod" 0 $?
}

head -c 128K /dev/urandom >"$work/old"
head -c 128K /dev/urandom >"$work/new"
for keep in '' keep; do
    IMAGE=$work/disk${keep}.img start_mount abi=6.18 ${keep:+"$keep"}
    Z=$MNT/zram0 D=$MNT/dev/zram0
    hot_add
    echo 1M >"$MNT/zram$id/disksize"

    shut open
    bash -c "echo $stuck/file >$Z/backing_dev" & opening=$!
    stuckAt open
    others open
    rm "$gates/open"
    wait $opening; is 'it is opened after all' "0 $stuck/file" "$? $(<"$Z/backing_dev")"

    echo 1M >"$Z/disksize"
    put old 0 32; is 'old pages' 0 $?
    shut write
    bash -c "echo huge >$Z/writeback" & writing=$!
    stuckAt write
    others write
    bounded 10 cat "$Z/mm_stat" "$Z/bd_stat" >/dev/null; is 'its own statistics' 0 $?
    page 0; same old 0
    # The page that is on its way as well: what is written back now must not come back.
    put new 0 16; is 'pages are written meanwhile' 0 $?
    page 3; same new 3
    rm "$gates/write"
    wait $writing; is 'writeback goes on' 0 $?
    bounded 10 cmp -n 65536 "$D" "$work/new"; is 'new pages are new' 0 $?
    page 20; same old 20
    put new 0 32
    echo huge >"$Z/writeback"; is 'all of them' '0 32' "$? $(awk '{ print $1 }' "$Z/bd_stat")"
    put old 1 1

    shut read
    readers=()
    # More than there are workers.
    for ((number = 0; number < 20; number++)); do
        dd if="$D" bs=4k count=1 iflag=direct status=none of="$work/read$number" & readers+=($!)
    done
    stuckAt read
    others read
    bounded 10 cat "$Z/mm_stat" "$Z/bd_stat" >/dev/null; is 'its own statistics' 0 $?
    page 1; same old 1
    put old 2 1; is 'a neighbour of a page that is waited for is written' 0 $?
    page 2; same old 2
    put old 0 1; is 'and the page itself' 0 $?
    page 0; same old 0
    bounded 10 fallocate -p -o 16384 -l 4096 "$D"; is 'another is dropped' 0 $?
    # A part of a page wants the rest of it. The host lets no other write to this file meanwhile.
    dd if="$work/old" of="$D" bs=512 count=1 seek=40 oflag=direct conv=notrunc status=none & part=$!
    page 2; same old 2
    others 'read for a write'
    rm "$gates/read"
    wait $part; is 'the part is written' 0 $?
    for number in "${!readers[@]}"; do
        wait "${readers[$number]}"; is 'who waited goes on' 0 $?
        # It was overwritten before some of them came to it.
        cmp -s -n 4096 "$work/read$number" "$work/new" || cmp -s -n 4096 "$work/read$number" "$work/old"
        is 'with a page that was there' 0 $?
    done
    page 5
    { head -c 512 "$work/old"; head -c 24576 "$work/new" | tail -c 3584; } | cmp -s - "$work/page"
    is 'the part is where it belongs' 0 $?
    echo 1 >"$Z/reset"; is 'reset' '0 none' "$? $(<"$Z/backing_dev")"
    stop_mount; is 'umount' 0 $?
done
