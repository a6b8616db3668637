#!/usr/bin/env bash
# R4, D1: patch 11/12 alone: rmmod holds the mutex and drains disksize, whose store wants the mutex
# policy: v8-11
. "${0%/*}/lib.sh"
hold zram_index_mutex.lock fn=disksize_store
start writer put 1M "$Z/zram0/disksize"
reached zram_index_mutex.lock
hold disksize.drain
start rmmod rmmod
reached disksize.drain
go zram_index_mutex.lock
go disksize.drain
until log | grep -q 'zramfs: deadlock'; do sleep 0.01; done
logged 'zramfs: deadlock'
logged 'disksize_store'
logged 'zram_index_mutex'
hangs writer
hangs rmmod
gives 0 ' -1 - Unloading' cat "$Z/proc/modules"
gives 1 'Device or resource busy' rmmod
finish
