#!/bin/sh
# SPIN on a hand-written model of the merged fix against the explorer on the driver's own code, side by side.
# Usage: Tests/Bench/spin.sh [WRITERS [ROUNDS]]; prints seconds, states and the ratio.
cd "$(dirname "$0")/../.." || exit 1
writers=${1:-5} rounds=${2:-2} flag=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp Fixtures/spin/zram.pml "$work"
(cd "$work" && spin "-DN=$writers" "-DROUNDS=$rounds" $flag -a zram.pml && cc -O2 -DSAFETY -DMEMLIM=3000 -DCOLLAPSE -o pan pan.c) \
    >/dev/null 2>&1 || exit 1
start=$(date +%s.%N)
(cd "$work" && timeout "${SPIN_LIMIT:-600}" ./pan -m1000000 -w24 >out 2>&1)
spin=$(echo "$(date +%s.%N) - $start" | bc)
grep -E "states, stored|errors|out of memory" "$work/out"
explorer=$(BENCH="$writers,$rounds,$flag" .build/release/explorer-bench | tee /dev/stderr | sed -n 's/.*seconds //p')
echo "writers $writers rounds $rounds: spin $spin s, explorer $explorer s, ratio $(echo "scale=3; $explorer / $spin" | bc)"
