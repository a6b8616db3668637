#!/usr/bin/env bash
# R6, D4: all of v8: a running store makes rmmod say EAGAIN; a running rmmod makes the store say ENODEV
# policy: v8
. "${0%/*}/lib.sh"
hold disksize.get_active.done fn=kernfs_fop_write_iter
start writer put 1M "$Z/zram0/disksize"
reached disksize.get_active.done
gives 1 'Resource temporarily unavailable' rmmod
gives 0 '^1$' cat "$Z/module/zram/refcnt"
go disksize.get_active.done
ends writer 0
exec 3> "$Z/zram0/reset"
hold zram_index_mutex.lock fn=destroy_devices
start rmmod rmmod
reached zram_index_mutex.lock
gives 1 'No such device' bash -c 'echo 1 >&3'
gives 1 '' put 1 "$Z/zram0/reset"
go zram_index_mutex.lock
ends rmmod 0
exec 3>&-
silent 'zramfs: deadlock'
silent 'instances left'
finish
