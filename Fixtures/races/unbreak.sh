#!/usr/bin/env bash
# 9/12 as posted: break and unbreak put the module twice; its count ends below zero
# policy: v8
# patches: no-unbreak-pairing
. "${0%/*}/lib.sh"
gives 0 '^0$' cat "$Z/module/zram/refcnt"
gives 0 '' put 0 "$Z/zram0/hot_remove"
gives 0 '^-1$' cat "$Z/module/zram/refcnt"
gives 1 'Resource temporarily unavailable' rmmod
finish
