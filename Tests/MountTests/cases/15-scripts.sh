#!/usr/bin/env bash
# Every failure that the matrix finds happens on a live mount too: the script that replay emits drives it there.
# ROUNDS=100 for the long run.
# limit: 900
. "$(dirname "$0")/../lib.sh"
needRoot
rounds=${ROUNDS:-1}
cd "$repository" || exit 1
"$ZRAMFS" matrix >"$work/matrix" || fail 'the matrix is not as expected'
# scenario policy verdict schedule, one line a failure. Starvation is no single moment.
sed -n 's/^  \([a-z-]*\) *\([^ ]*\) *\(.*[^ ]\)  *\([0-9a-f]\{8\}-[a-z0-9]*\).*/\1|\2|\3|\4/p' "$work/matrix" |
    grep -v starvation >"$work/findings"
[[ $(wc -l <"$work/findings") -ge 20 ]] || fail "only $(wc -l <"$work/findings") findings"
shows() { # VERDICT: the live mount shows it
    case $1 in
    deadlock) grep -q 'zramfs: deadlock' "$work/kernel.log" ;;
    'instances left') grep -q 'instances left' "$work/kernel.log" ;;
    'use after free') grep -q 'used what was freed' "$work/kernel.log" ;;
    # Memory of a module that is gone, or a table of a device that is gone: the script shows it at its end.
    leak) grep -q 'leaked [1-9]' "$work/out" || { grep -q 'zram->table' "$work/out" && ! grep -q 'struct zram$' "$work/out"; } ;;
    *) return 1 ;;
    esac
}
while IFS='|' read -r scenario policy verdict schedule; do
    "$ZRAMFS" replay "$schedule" --scenario "$scenario" --policy "$policy" --script "$work/drive.sh" >/dev/null
    [[ -s $work/drive.sh ]] || { fail "$scenario $policy: no script"; continue; }
    reached=0
    for ((round = 0; round < rounds; round++)); do
        is_mounted "$MNT" || start_mount "policy=$policy" "log=$work/kernel.log" </dev/null
        : >"$work/kernel.log"
        bounded 20 bash "$work/drive.sh" "$MNT" >"$work/out" 2>&1 </dev/null || { [[ $? == 124 ]] && cat "$work/out"; }
        wait_until "shows '$verdict'" 5 && reached=$((reached + 1))
        if is_mounted "$MNT"; then
            echo b >"$MNT/sysrq-trigger"
            wait_until '[[ -e $MNT/zram0/reset ]]' 5
        else
            # A removal that hangs keeps its daemon: the second signal ends it, and with it its lock on the image.
            wait_until "! kill -0 $daemon 2>/dev/null" 3 || { kill "$daemon"; sleep 0.1; kill "$daemon"; }
            wait_until "! kill -0 $daemon 2>/dev/null" 10
        fi
    done
    is "$scenario, $policy: $verdict, of $rounds" "$rounds" "$reached"
    [[ $reached == "$rounds" ]] || { cat "$work/drive.sh" "$work/out"; }
    is_mounted "$MNT" && umount -l "$MNT"
    wait_until "! kill -0 $daemon 2>/dev/null" 10
done <"$work/findings"
:
