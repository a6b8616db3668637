#!/usr/bin/env bash
# A store that removes its own file with a plain removal waits for itself
# policy: 5.16
# patches: naive-self-remove
. "${0%/*}/lib.sh"
start remover put 0 "$Z/zram0/hot_remove"
until log | grep -q 'zramfs: deadlock'; do sleep 0.01; done
logged 'zramfs: deadlock'
hangs remover
finish
