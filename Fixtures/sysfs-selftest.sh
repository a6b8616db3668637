#!/usr/bin/env bash
# Runs the selftest of v8 3/12 and 5/12 (tools/testing/selftests/sysfs/sysfs.sh) on a simulated kernel and counts what
# passes: sysfs-selftest.sh SCRIPT [TEST...]   without tests: 0001 to 0032.   OPTIONS: more of zramfs run.
# ZRAMFS: the binary. The script prints FAIL but exits with 0, so its words count too. It was written for a kernel with
# its series (policy v8) and without CONFIG_PROVE_LOCKING: lockdep finds the inversion that 0027 and 0028 make.
set -u
script=$(realpath "${1:?usage: sysfs-selftest.sh SCRIPT [TEST...]}") || exit 2
shift
[[ -f $script ]] || { echo "no script at $script" >&2; exit 2; }
(($#)) || set -- $(seq -f %04g 1 32)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=()
for test; do
    # The name of the file that the script keeps the log in is the caller's business.
    # It looks for its own temporary file in /tmp.
    # shellcheck disable=SC2086
    TMPDIR=/tmp seqres=$work/$test "${ZRAMFS:?}" run --policy "${POLICY:-v8}" --no-lockdep ${OPTIONS:-} --timeout 120 -- \
        bash "$script" -t "$test" >"$work/log" 2>&1 </dev/null
    status=$?
    if [[ $status == 0 ]] && ! grep -qE 'FAIL|skipping' "$work/log" && grep -q '^Running test' "$work/log"; then
        passed=$((passed + 1))
        echo "$test ok"
    else
        failed+=("$test")
        echo "$test FAILED, status $status"
        sed 's/^/    /' "$work/log"
    fi
done
echo "$passed of $# passed${failed[*]:+; failed: ${failed[*]}}"
((passed == $#))
