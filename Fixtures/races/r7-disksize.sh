#!/usr/bin/env bash
# R7: 5.16: a disksize before del_gendisk is undone by the second reset
# policy: 5.16
. "${0%/*}/lib.sh"
hold open_mutex.lock fn=del_gendisk
start rmmod rmmod
reached open_mutex.lock
gives 0 '' put 1M "$Z/zram0/disksize"
go open_mutex.lock
ends rmmod 0
silent 'instances left'
silent 'BUG:'
grep -q "leaked 0" "$Z/debug/memory"; say $? "nothing leaked"
finish
