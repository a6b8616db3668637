#!/usr/bin/env bash
# Every race of the catalogue gives the outcome that its script names, every time. ROUNDS=100 for the long run.
# limit: 1500
. "$(dirname "$0")/../lib.sh"
needRoot
rounds=${ROUNDS:-5}
for script in "$fixtures"/races/*.sh; do
    [[ ${script##*/} == lib.sh ]] && continue
    policy=$(sed -n 's/^# policy: //p' "$script")
    patches=$(sed -n 's/^# patches: //p' "$script")
    start_mount "policy=$policy" ${patches:+"patches=$patches"}
    passed=0
    for ((round = 0; round < rounds; round++)); do
        if bounded 20 "$script" "$MNT" >"$work/out" 2>&1; then passed=$((passed + 1)); else cat "$work/out"; fi
    done
    is "${script##*/} under $policy, of $rounds" "$rounds" "$passed"
    stop_mount || fail "${script##*/}: unmounting"
done
