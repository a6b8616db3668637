#!/usr/bin/env bash
# R7: 5.16: removal waits for the reset that holds the claim, then succeeds
# policy: 5.16
. "${0%/*}/lib.sh"
echo 1M > "$Z/zram0/disksize"
hold init_lock.down_write fn=reset_store
start reset put 1 "$Z/zram0/reset"
reached init_lock.down_write
hold reset.drain
start rmmod rmmod
reached reset.drain
hangs rmmod
go reset.drain
gives 1 '' put 1M "$Z/zram0/disksize"
go init_lock.down_write
ends reset 0
ends rmmod 0
silent 'instances left'
silent 'BUG:'
gives 1 'No such file' cat "$Z/zram0/disksize"
finish
