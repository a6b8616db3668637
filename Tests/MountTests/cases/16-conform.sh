#!/usr/bin/env bash
# What real shells do on a mount under load is a path of the explored graph. ROUNDS=100 for the long run.
# limit: 300
. "$(dirname "$0")/../lib.sh"
needRoot
rounds=${ROUNDS:-8}
cd "$repository" || exit 1
burners=()
cleanup() { [[ ${#burners[@]} == 0 ]] || kill "${burners[@]}" 2>/dev/null; }
for _ in $(seq "$(nproc)"); do
    (while :; do :; done) & burners+=($!)
done
export TMPDIR=$work
while read -r scenario policy; do
    "$ZRAMFS" conform "$scenario" --policy "$policy" --runs "$rounds" --trace "$work/departs" >"$work/out" 2>"$work/err"
    is "$scenario, $policy" 0 $?
    is "$scenario, $policy: all of $rounds" 1 "$(grep -c "^paths  *$rounds of $rounds," "$work/out")"
    [[ ! -s $work/departs ]] || { cat "$work/out" "$work/departs"; break; }
done <<END
disksize-vs-rmmod 5.15
disksize-vs-rmmod v8-11
disksize-vs-rmmod v8
disksize-vs-rmmod 5.16
reset-vs-rmmod 5.15
reset-vs-rmmod 5.16
hot-remove-vs-disksize-reset v8
END
# What the kernel starts for a terminal is followed, too: a timer that is set, and the work of one that is over.
mkdir "$work/timer"
# shellcheck disable=SC2016
echo 'echo fsl_mpic_timer_wakeup > $1/debug/init_module' >"$work/timer/setup.sh"
# shellcheck disable=SC2016
echo 'echo 1 > $1/mpic/timer_wakeup; sleep 1.3' >"$work/timer/arm.sh"
while read -r pause runs births; do
    echo "sleep $pause; echo fsl_mpic_timer_wakeup > \$1/debug/delete_module" >"$work/timer/remover.sh"
    "$ZRAMFS" conform "$work/timer" --runs "$runs" --trace "$work/departs" >"$work/out" 2>"$work/err"
    is "timer, removal after $pause s" 0 $?
    is "timer, removal after $pause s: paths" 1 "$(grep -cE "^paths  *$runs of $runs" "$work/out")"
    # How many tasks the kernel starts is chance; a removal at once may come before the timer is set.
    [[ $births == any ]] || is "timer, removal after $pause s: tasks" 1 "$(grep -cE "^paths .*, $births tasks" "$work/out")"
    [[ ! -s $work/departs ]] || cat "$work/out" "$work/departs"
done <<END
0 4 any
1.01 4 [4-8]
1.2 2 [2-4]
END
"$ZRAMFS" conform umount-l-vs-store >"$work/out" 2>"$work/err"; is 'a scenario that unmounts is refused' 2 $?
"$ZRAMFS" conform disksize-vs-rmmod --runs 0 2>"$work/err"; is 'no runs' 2 $?
mkdir "$work/disk"
# shellcheck disable=SC2016
echo 'exec 3<$1/dev/zram0' >"$work/disk/holder.sh"
"$ZRAMFS" conform "$work/disk" 2>"$work/err"; is 'a scenario that opens a disk is refused' 2 $?
# Ended at any moment, it leaves nothing behind.
for delay in 0.02 0.05 0.1 0.2 0.4 0.8; do
    "$ZRAMFS" conform disksize-vs-rmmod --policy v8-11 --runs 1000 >"$work/out" 2>"$work/err" & conforming=$!
    sleep "$delay"
    kill -TERM $conforming
    wait $conforming 2>/dev/null; is "ended after $delay s" 143 $?
done
is 'nothing is left' '' "$(compgen -G "$work/zramfs-conform.*")"
is 'no mount is left' 0 "$(grep -c "$work" /proc/self/mounts)"
