#!/usr/bin/env bash
# R2: disksize between the removal's reset and del_gendisk leaves an instance and leaks
# policy: 5.15
. "${0%/*}/lib.sh"
hold open_mutex.lock fn=del_gendisk
start rmmod rmmod
reached open_mutex.lock
gives 0 '' put 1M "$Z/zram0/disksize"
go open_mutex.lock
ends rmmod 0
logged 'Error: Removing state 63 which has instances left.'
silent 'BUG:'
gives 0 'leaked *struct zcomp' cat "$Z/debug/memory"
gives 0 'leaked *zram->table' cat "$Z/debug/memory"
gives 2 '' ls "$Z/zram0"
finish
