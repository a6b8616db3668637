#!/usr/bin/env bash
# Runs LTP's zram tests, built in their own source folder, on a simulated kernel: ltp.sh LTP [OPTION OF zramfs run...]
# ZRAMFS: the binary. LTP: the folder of github.com/linux-test-project/ltp after `make autotools && ./configure &&
# make -C lib && make -C libs && make -C testcases/lib && make -C testcases/kernel/device-drivers/zram`.
# zram01 passes 6 and 2 for each file system that has a mkfs here, on a real kernel as on this one.
set -u
ltp=$(realpath "${1:?usage: ltp.sh LTP [OPTION...]}") || exit 2
shift
tests=$ltp/testcases/kernel/device-drivers/zram
[[ -x $tests/zram03 && -x $ltp/testcases/lib/tst_kvcmp ]] || { echo "$ltp is not built; see the head of $0" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LTPROOT=$ltp TMPDIR=$work PATH=$tests:$ltp/testcases/lib:$PATH
failed=0
for test in zram01.sh zram02.sh zram03; do
    "${ZRAMFS:?}" run "$@" -- "$test" >"$work/log" 2>&1
    status=$?
    # 32: LTP's TCONF, something that the host lacks.
    [[ $status == 0 || $status == 32 ]] || { failed=1; cat "$work/log"; }
    echo "$test: status $status, $(awk '/^(passed|failed|broken|skipped|warnings) /{ printf "%s %s ", $1, $2 }' "$work/log")"
done
exit $failed
