#!/usr/bin/env bash
# R4, D1: the same with reset
# policy: v8-11
. "${0%/*}/lib.sh"
hold zram_index_mutex.lock fn=reset_store
start writer put 1 "$Z/zram0/reset"
reached zram_index_mutex.lock
hold reset.drain
start rmmod rmmod
reached reset.drain
go zram_index_mutex.lock
go reset.drain
until log | grep -q 'zramfs: deadlock'; do sleep 0.01; done
logged 'zramfs: deadlock'
logged 'reset_store'
logged 'zram_index_mutex'
hangs writer
hangs rmmod
gives 0 ' -1 - Unloading' cat "$Z/proc/modules"
gives 1 'Device or resource busy' rmmod
finish
