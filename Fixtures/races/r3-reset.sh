#!/usr/bin/env bash
# R3: disksize into a reset that has dropped init_lock: the new table is freed under it
# policy: 5.15
. "${0%/*}/lib.sh"
echo 1M > "$Z/zram0/disksize"
hold table.load fn=reset_store
start reset put 1 "$Z/zram0/reset"
reached table.load
gives 0 '' put 2M "$Z/zram0/disksize"
go table.load
ends reset 0
gives 137 '' put 1 "$Z/zram0/reset"
logged 'BUG: unable to handle page fault'
logged 'zram_free_page'
finish
