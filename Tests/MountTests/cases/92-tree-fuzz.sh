#!/usr/bin/env bash
# Every file of the tree used at once, at random: the daemon lives, its memory and descriptors stay bounded, it can be
# unmounted, and nothing of it is left. SECONDS_EACH=60 POLICIES='5.15 v8': so long under each; SEED repeats the dice.
# limit: 20000
. "$(dirname "$0")/../lib.sh"
needRoot
seconds=${SECONDS_EACH:-6}
seed=${SEED:-$RANDOM$RANDOM}
descriptors() { find "/proc/$daemon/fd" -mindepth 1 2>/dev/null | wc -l; }
kilobytes() { awk '/^VmRSS/ { print $2 }' "/proc/$daemon/status"; }
tag=$RANDOM$RANDOM
export TREE_TAG=$tag
left() {
    local process
    for process in /proc/[0-9]*; do
        [[ $process != "/proc/$$" && $process != "/proc/$BASHPID" ]] || continue
        grep -q -z -x -F "TREE_TAG=$tag" "$process/environ" 2>/dev/null || continue
        tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -e 'zramfs \|treefuzz' | grep -v 92-tree
    done
}
reboot_it() { # A reboot ends what hangs; gates that are shut would keep the next one.
    timeout 5 sh -c 'echo b >"$1/sysrq-trigger"' sh "$MNT" && timeout 5 cat "$MNT/debug/pid" >/dev/null
}
for policy in ${POLICIES:-5.15 v8}; do
    # shellcheck disable=SC2086
    start_mount policy="$policy" num_devices=2 "log=$work/kernel.log" ${MOUNT_OPTIONS:-abi=6.18}
    treefuzz -s "$seed" -t 2 "$MNT" >/dev/null
    reboot_it; reboot_it
    before=$(descriptors) memory=$(kilobytes)
    echo "$policy: $(treefuzz -s "$seed" -t "$seconds" "$MNT")"
    kill -0 "$daemon" 2>/dev/null; is "$policy, seed $seed: the daemon lives" 0 $?
    reboot_it; is "$policy, seed $seed: a reboot" 0 $?
    reboot_it
    wait_until '[[ $(descriptors) -le $((before + 4)) ]]' 5; is "$policy: descriptors, $before before, $(descriptors) after" 0 $?
    after=$(kilobytes)
    [[ $after -lt $((memory + ${MOST_KB:-40000})) ]]; is "$policy: memory, $memory kB before, $after kB after" 0 $?
    bounded 20 "$ZRAMFS" umount "$MNT"; is "$policy: unmounted" 0 $?
    wait_until '! kill -0 $daemon 2>/dev/null' 10; is "$policy: the daemon has ended" 0 $?
    grep -a -i 'fatal\|sanitizer' "$work/daemon.log"
    wait_until '[[ -z $(left) ]]' 10 || fail "left: $(left)"
    seed=$((seed + 1000))
done
[[ $failures == 0 ]]
