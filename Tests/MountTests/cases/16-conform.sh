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
"$ZRAMFS" conform umount-l-vs-store >"$work/out" 2>"$work/err"; is 'a scenario that unmounts is refused' 2 $?
"$ZRAMFS" conform disksize-vs-rmmod --runs 0 2>"$work/err"; is 'no runs' 2 $?
is 'no mount is left' 0 "$(grep -c "$work" /proc/self/mounts)"
