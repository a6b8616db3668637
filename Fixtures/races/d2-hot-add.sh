#!/usr/bin/env bash
# D2: patch 11/12 alone: the exit drains the class attributes under the mutex that hot_add wants
# policy: v8-11
. "${0%/*}/lib.sh"
hold zram_index_mutex.lock fn=hot_add_show
start adder cat "$Z/zram-control/hot_add"
reached zram_index_mutex.lock
hold hot_add.drain
start rmmod rmmod
reached hot_add.drain
go zram_index_mutex.lock
go hot_add.drain
until log | grep -q 'zramfs: deadlock'; do sleep 0.01; done
logged 'zramfs: deadlock'
logged 'hot_add_show'
logged 'class_unregister'
hangs adder
hangs rmmod
finish
