#!/usr/bin/env bash
# The deadlock of October 2021, with echo and umount: its report, and the cure. demo.sh PATH-TO-ZRAMFS
set -u
zramfs=$(realpath "${1:?usage: demo.sh PATH-TO-ZRAMFS}")
shown=$1
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
# As on a terminal of 80 columns, indented by two; a longer line goes on below, deeper.
said() { sed -e "s|$Z|/mnt/z|g" -e 's/\([^ ]\)   */\1  /g' "$@" | fold -s -w 74 | sed -e 's/ *$//' -e 's/^/  /'; }
mount_it() {
    show "zramfs mount -o policy=$1 /mnt/z"
    "$zramfs" mount -o "policy=$1,log=$work/log" "$Z" || exit 1
}

# The same commands under each policy. The gates make the race a certainty, with no sleeps: the store stops where it has
# its active reference, before the step that its policy is about; the removal where it waits for the store.
race() { # GATE-OF-THE-STORE
    echo 'hold fn=reset_store' > "$Z/debug/points/$1"
    echo hold > "$Z/debug/points/reset.drain"
    show 'echo 1 > /mnt/z/zram0/reset &'
    echo 1 > "$Z/zram0/reset" 2> "$work/writer" &
    writer=$!
    echo wait > "$Z/debug/points/$1"
    show 'zramfs umount /mnt/z &'
    "$zramfs" umount "$Z" 2> "$work/umount" &
    remover=$!
    echo wait > "$Z/debug/points/reset.drain"
    echo go > "$Z/debug/points/reset.drain"
    echo go > "$Z/debug/points/$1"
}

title '1. Patch 11/12 alone: exit takes zram_index_mutex, so does every store'
mount_it v8-11
race zram_index_mutex.lock
until grep -q 'zramfs: deadlock' "$Z/debug/kmsg"; do sleep 0.01; done
kill -0 $writer && kill -0 $remover && echo '  both hang: neither will ever move'
show 'cat /mnt/z/proc/modules'; said "$Z/proc/modules"

title '2. What the kernel cannot tell, and this one does: who holds what'
show 'cat /mnt/z/debug/kmsg'
# The report alone: what the hung task detector says of the two comes later, with their stacks.
sed -e '1,/zramfs: deadlock/{/zramfs: deadlock/!d}' -e '/INFO: task/,$d' "$Z/debug/kmsg" |
    sed -e 's/^\[ *[0-9.]*\] //' > "$work/report"
said "$work/report"

title '3. Nobody is stuck for good: Ctrl-C gets the callers out, a reboot all'
show 'echo b > /mnt/z/sysrq-trigger'
echo b > "$Z/sysrq-trigger"
wait $writer $remover
sed -e 's/.*: echo:/echo:/' "$work/writer" > "$work/writer.said"
said "$work/writer.said" "$work/umount"
show 'zramfs umount /mnt/z'
"$zramfs" umount "$Z" || exit 1

title '4. The cure: the same commands under what was merged for 5.16'
mount_it 5.16
race init_lock.down_write
wait $writer && echo '  echo: done, it was waited for'
wait $remover && echo '  umount: done, the module is gone'
if mounted; then exit 1; fi

title 'Next, on a mount of your own: README.md, and'
echo "export PATH=\"$(dirname "$(realpath -s "$shown")"):\$PATH\"; zramfs --help"
