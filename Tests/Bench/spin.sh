#!/bin/sh
# SPIN on a hand-written model of the merged fix against the explorer on the driver's own code, side by side: seconds,
# states, and the ratio. spin.sh [WRITERS [ROUNDS]]; SPIN's partial-order reduction is on, its states are collapsed.
cd "$(dirname "$0")/../.." || exit 1
writers=${1:-5} rounds=${2:-2} limit=${SPIN_LIMIT:-400}
command -v spin >/dev/null || { echo 'missing: spin (make bench-deps)'; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp Fixtures/spin/zram.pml "$work"
(cd "$work" && spin "-DN=$writers" "-DROUNDS=$rounds" -a zram.pml &&
    cc -O2 -DSAFETY -DMEMLIM=18000 -DCOLLAPSE -o pan pan.c) >/dev/null 2>&1 || exit 1
explorer=$(BENCH="$writers,$rounds" .build/release/explorer-bench)
start=$(date +%s.%N)
(cd "$work" && timeout "$limit" ./pan -m1000000 -w28 >out 2>&1)
status=$?
end=$(date +%s.%N)
spinStates=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$work/out")
echo "$writers writers x $rounds rounds against rmmod, merged fix"
echo "$explorer" | sed 's/^/  explorer, driver code  /'
awk -v a="$start" -v b="$end" -v s="${spinStates:-?}" -v e="$(echo "$explorer" | sed 's/.*seconds //')" \
    -v x="$(echo "$explorer" | sed 's/.*states \([0-9]*\) .*/\1/')" -v over=$((status == 124)) 'BEGIN {
    t = b - a
    printf "  SPIN, Promela model    %sseconds %.2f states %s\n", over ? "not finished, over " : "", t, s
    printf "  time explorer / SPIN   %s%.3f", over ? "under " : "", e / t
    if (s > 0) printf ", states %.4f", x / s
    print ""
}'
