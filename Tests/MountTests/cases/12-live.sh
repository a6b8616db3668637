#!/usr/bin/env bash
# Plain loops of a shell, with no gates and no random delays, meet what a booted kernel meets; `make live` runs all cells.
# limit: 300
. "$(dirname "$0")/../lib.sh"
needRoot
export TMPDIR=$work
for cell in reset:v8-11 cycle:v8-11 disksize:v8-11 hot-remove:v8 firmware:5.15 disksize:5.15/event cycle:5.15 cycle:5.16 hot-remove:5.16; do
    bounded 60 "$repository/Tests/Live/run" -n 10 "${cell%/*}" >"$work/out" 2>&1
    status=$?
    # How often depends on how busy the host is; whether at all does not.
    [[ $cell != */event ]] || { grep -q 'event in' "$work/out"; status=$?; }
    is "$(tail -n 1 "$work/out")" 0 $status
done
