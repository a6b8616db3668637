#!/usr/bin/env bash
# Every failure that the matrix finds happens on a live mount too: the script that replay emits drives it there.
# ROUNDS=100 for the long run; JOBS mounts at one time.
# limit: 900
. "$(dirname "$0")/../lib.sh"
needRoot
rounds=${ROUNDS:-1}
cd "$repository" || exit 1

# One failure, in a process and on a mount of its own: 15-scripts.sh FINDING, in CASE_DIR.
if [[ $# == 0 ]]; then
    "$ZRAMFS" matrix >"$work/matrix" || fail 'the matrix is not as expected'
    # scenario policy verdict schedule, one line a failure. Starvation is no single moment.
    sed -n 's/^  \([a-z-]*\) *\([^ ]*\) *\(.*[^ ]\)  *\([0-9a-f]\{8,16\}-[a-z0-9]*\).*/\1|\2|\3|\4/p' "$work/matrix" |
        grep -v starvation >"$work/findings"
    count=$(wc -l <"$work/findings")
    [[ $count -ge 20 ]] || fail "only $count findings"
    # Most of the time is spent in waiting.
    seq "$count" | xargs -P "${JOBS:-4}" -n 1 bash -c \
        'mkdir "$1/$3" && CASE_DIR=$1/$3 "$2" "$(sed -n "$3p" "$1/findings")" >"$1/$3.out" 2>&1; cat "$1/$3.out"' \
        - "$work" "$0"
    for ((number = 1; number <= count; number++)); do
        grep -q '^ok' "$work/$number.out" ||
            fail "$(sed -n "${number}p" "$work/findings")"
    done
    exit
fi

shows() { # VERDICT: the live mount shows it
    case $1 in
    deadlock) grep -q 'zramfs: deadlock' "$work/kernel.log" ;;
    'instances left') grep -q 'instances left' "$work/kernel.log" ;;
    'use after free') grep -q 'used what was freed' "$work/kernel.log" ;;
    'dangling pointer') grep -q '^dangling' "$work/out" ;;
    # Memory of a module that is gone, or a table of a device that is gone: the script shows it at its end.
    leak) grep -q 'leaked [1-9]' "$work/out" || { grep -q 'zram->table' "$work/out" && ! grep -q 'struct zram$' "$work/out"; } ;;
    *) return 1 ;;
    esac
}
IFS='|' read -r scenario policy verdict schedule <<<"$1"
"$ZRAMFS" replay "$schedule" --scenario "$scenario" --policy "$policy" --script "$work/drive.sh" >/dev/null
[[ -s $work/drive.sh ]] || { fail "$scenario $policy: no script"; exit; }
reached=0
for ((round = 0; round < rounds; round++)); do
    is_mounted "$MNT" || start_mount "policy=$policy" "log=$work/kernel.log" </dev/null
    : >"$work/kernel.log"
    bounded 20 bash "$work/drive.sh" "$MNT" >"$work/out" 2>&1 </dev/null || { [[ $? == 124 ]] && cat "$work/out"; }
    if wait_until "shows '$verdict'" 5; then reached=$((reached + 1)); else cat "$work/out"; fi
    if is_mounted "$MNT"; then
        echo b >"$MNT/sysrq-trigger"
        wait_until '[[ -e $MNT/zram0/reset ]]' 5
    else
        # A removal that hangs keeps its daemon: the second signal ends it, and with it its lock on the image.
        [[ $verdict != deadlock ]] && wait_until "! kill -0 $daemon 2>/dev/null" 3
        for signal in TERM TERM; do kill -$signal "$daemon" 2>/dev/null && sleep 0.1; done
        wait_until "! kill -0 $daemon 2>/dev/null" 10
    fi
done
is "$scenario, $policy: $verdict, of $rounds" "$rounds" "$reached"
[[ $reached == "$rounds" ]] || cat "$work/drive.sh"
is_mounted "$MNT" && umount -l "$MNT"
wait_until "! kill -0 $daemon 2>/dev/null" 10
exit "$((failures > 0))"
