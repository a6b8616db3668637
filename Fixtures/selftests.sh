#!/usr/bin/env bash
# Runs the kernel's own selftest of zram on a simulated kernel: selftests.sh KERNEL [OPTION OF zramfs run...]
# ZRAMFS: the binary. KERNEL: a kernel's source folder. The selftest prints FAIL but exits with 0, so its words count.
set -u
folder=$(realpath "${1:?usage: selftests.sh KERNEL [OPTION...]}")/tools/testing/selftests/zram || exit 2
shift
[[ -f $folder/zram.sh ]] || { echo "no zram.sh in $folder" >&2; exit 2; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
(cd "$folder" && "${ZRAMFS:?}" run --unloaded "$@" -- bash ./zram.sh) 2>&1 | tee "$log"
[[ ${PIPESTATUS[0]} == 0 ]] && ! grep -q FAIL "$log"
