#!/usr/bin/env bash
# R1: a reset's claim makes removal fail, and the device outlives its module
# policy: 5.15
. "${0%/*}/lib.sh"
echo 1M > "$Z/zram0/disksize"
hold init_lock.down_write fn=reset_store
start reset put 1 "$Z/zram0/reset"
reached init_lock.down_write
gives 0 '' rmmod
logged 'Error: Removing state 63 which has instances left.'
gives 0 disksize ls "$Z/zram0"
gives 1 'File exists' modprobe
logged "sysfs: cannot create duplicate filename '/devices/virtual/block/zram0'"
go init_lock.down_write
ends reset 137
logged 'BUG: unable to handle page fault'
gives 137 '' cat "$Z/zram0/disksize"
finish
