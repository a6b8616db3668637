#!/usr/bin/env bash
# The deadlock of October 2021, with echo and umount: its report, and the cure. demo.sh PATH-TO-ZRAMFS
set -u
zramfs=$(realpath "${1:?usage: demo.sh PATH-TO-ZRAMFS}")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
Z=$work/z
mkdir "$Z"
mounted() { grep -q " $Z fuse.zramfs " /proc/self/mounts; }
cleanup() {
    if mounted; then umount -l "$Z" 2>/dev/null || fusermount3 -uz "$Z"; fi
    kill $(jobs -p) 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
[ -t 1 ] && bold=$'\e[1m' plain=$'\e[0m' || bold='' plain=''
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '$ %s\n' "${*//$Z//mnt/z}"; }
mount_it() {
    show "zramfs mount -o policy=$1 /mnt/z"
    "$zramfs" mount -o "policy=$1,log=$work/log" "$Z" || exit 1
}

title '1. Patch 11/12 alone: exit takes zram_index_mutex, so does every store'
mount_it v8-11
show "cat /mnt/z/zram0/comp_algorithm"; cat "$Z/zram0/comp_algorithm"
# The gates make the race a certainty: the store stops where it has its active reference and wants the mutex.
show "echo 1 > /mnt/z/zram0/reset &      # stopped at a gate, just before it takes the mutex"
echo 'hold fn=reset_store' > "$Z/debug/points/zram_index_mutex.lock"
echo 1 > "$Z/zram0/reset" 2> "$work/writer" &
writer=$!
echo wait > "$Z/debug/points/zram_index_mutex.lock"
show "umount /mnt/z                      # module removal: takes the mutex, then waits for the store"
echo hold > "$Z/debug/points/reset.drain"
"$zramfs" umount "$Z" 2> "$work/umount" &
remover=$!
echo wait > "$Z/debug/points/reset.drain"
echo go > "$Z/debug/points/reset.drain"
echo go > "$Z/debug/points/zram_index_mutex.lock"
until grep -q 'zramfs: deadlock' "$Z/debug/kmsg"; do sleep 0.01; done
kill -0 $writer && kill -0 $remover && echo '  both hang: neither will ever move'
show "cat /mnt/z/proc/modules"; cat "$Z/proc/modules"
title '2. What the kernel cannot tell, and this one does: who holds what'
show "cat /mnt/z/debug/kmsg"
sed -n '/zramfs: deadlock/,$p' "$Z/debug/kmsg" | head -40 | sed "s|$work||"
title '3. Nobody is stuck for good: Ctrl-C gets the callers out, a reboot the instance'
show "echo b > /mnt/z/sysrq-trigger"
echo b > "$Z/sysrq-trigger"
wait $writer $remover
sed "s|$work||" "$work/writer" "$work/umount" | sed 's/^/  /'
show "umount /mnt/z"
"$zramfs" umount "$Z" || exit 1

title '4. The cure: the same commands under the four patches that were merged for 5.16'
mount_it 5.16
"$here/races/r7-reset.sh" "$Z" || exit 1
show "umount /mnt/z"
"$zramfs" umount "$Z" || exit 1
echo
echo 'Next: README.md, or zramfs --help'
