#!/usr/bin/env bash
# R5, D3: all of v8, no module exit at all: hot_remove against disksize of that device
# policy: v8
. "${0%/*}/lib.sh"
hold zram_index_mutex.lock fn=disksize_store
start writer put 1M "$Z/zram0/disksize"
reached zram_index_mutex.lock
hold disksize.drain
start remover put 0 "$Z/zram-control/hot_remove"
reached disksize.drain
go zram_index_mutex.lock
go disksize.drain
until log | grep -q 'zramfs: deadlock'; do sleep 0.01; done
logged 'zramfs: deadlock'
hangs writer
hangs remover
gives 1 'Resource temporarily unavailable' rmmod
finish
