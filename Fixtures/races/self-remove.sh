#!/usr/bin/env bash
# A store that removes its own file: it lets go of its own reference first
# policy: 5.16
. "${0%/*}/lib.sh"
gives 1 'Invalid argument' put 7 "$Z/zram0/hot_remove"
gives 0 '' put 0 "$Z/zram0/hot_remove"
gives 2 '' ls "$Z/zram0"
silent 'zramfs: deadlock'
gives 0 '' rmmod
finish
