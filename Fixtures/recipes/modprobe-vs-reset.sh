#!/usr/bin/env bash
# modprobe and rmmod in a loop, against disksize and reset in a loop. The thread's second recipe.
# ROUNDS: how many times the module comes and goes (100).
[[ -e /dev/.zramfs/mnt ]] || { echo "$0: by itself it would load and remove the host's zram: zramfs run -- $0" >&2; exit 2; }
while :; do
    echo 1024 >/sys/block/zram0/disksize
    echo 1 >/sys/block/zram0/reset
done 2>/dev/null &
writer=$!
for ((round = 0; round < ${ROUNDS:-100}; round++)); do
    modprobe zram
    modprobe -r zram
done
kill $writer
wait $writer 2>/dev/null
exit 0
