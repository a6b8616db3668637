#!/usr/bin/env bash
# Two terminals, each as LTP's zram test does it: load, set up, use, reset, unload. The thread's first recipe.
# Written after the mails, not from LTP. ROUNDS: how many rounds a terminal does (100).
[[ -e /dev/.zramfs/mnt ]] || { echo "$0: by itself it would load and remove the host's zram: zramfs run -- $0" >&2; exit 2; }
for ((round = 0; round < ${ROUNDS:-100}; round++)); do
    modprobe zram num_devices=1 || break
    { echo lz4 >/sys/block/zram0/comp_algorithm; echo 4M >/sys/block/zram0/disksize; } 2>/dev/null
    cat /sys/block/zram0/mm_stat >/dev/null 2>&1
    dd if=/dev/urandom of=/dev/zram0 bs=64k count=4 conv=nocreat 2>/dev/null
    echo 1 2>/dev/null >/sys/block/zram0/reset
    # Another terminal may have taken it away, or use it.
    rmmod zram 2>/dev/null
done
exit 0
