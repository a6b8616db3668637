#!/usr/bin/env bash
# Wrong arguments: one clear line that says what to do, exit status 2.
. "$(dirname "$0")/../lib.sh"
wrong() { # STATUS TEXT ARGUMENT...
    local status=$1 text=$2 got
    shift 2
    "$ZRAMFS" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    is "zramfs $* exits with" "$status" "$got"
    grep -q -e "$text" "$work/err" || fail "zramfs $*: does not say '$text' but: $(<"$work/err")"
    [[ $(wc -l <"$work/err") -le 3 ]] || fail "zramfs $*: says too much: $(<"$work/err")"
}
[[ -x ${ZRAMFS:-} ]] || skip 'ZRAMFS'
mkdir -p "$work/empty"
wrong 2 'known are' mount -o policy=5.17 "$work/empty"
wrong 2 'known are' mount -o patches=nonsense "$work/empty"
wrong 2 'known are' mount -o abi=7 "$work/empty"
wrong 2 'a number from' mount -o cpus=many "$work/empty"
wrong 2 'unknown option' mount -o frobnicate "$work/empty"
wrong 2 'keep wants an image' mount -o keep "$work/empty"
wrong 2 'mkdir' mount "$work/absent"
wrong 2 'not a directory' mount "$0"
wrong 2 'MOUNTPOINT' mount
wrong 2 'no zramfs mount' rmmod "$work/empty"
wrong 2 'no zramfs mount' umount "$work/empty"
wrong 2 '' frobnicate
wrong 2 '' mount --frobnicate
wrong 2 'does not exist\|No such file' image info "$work/absent.img"
# A search that is ended goes on; more threads than cores are no matter.
bounded 60 "$ZRAMFS" explore disksize-reset-vs-rmmod --policy 5.16 --seconds 0 --threads 7 --save "$work/saved" >"$work/out" 2>&1
is 'a search that is cut' '1 1' "$? $(grep -c 'saved in' "$work/out")"
bounded 60 "$ZRAMFS" explore disksize-reset-vs-rmmod --policy 5.16 --resume "$work/saved" >"$work/out" 2>&1
is 'goes on to the proof' '0 PROVED' "$? $(grep -o PROVED "$work/out")"
for part in 0/2 auto; do
    TEST_SHARD_INDEX=1 TEST_TOTAL_SHARDS=2 bounded 60 "$ZRAMFS" explore disksize-reset-vs-rmmod --policy 5.16 \
        --resume "$work/saved" --shard $part --save "$work/part-${part%/*}" 2>"$work/err"
    is "part $part of a search" 0 $?
done
bounded 60 "$ZRAMFS" explore disksize-reset-vs-rmmod --policy 5.16 --merge "$work"/part-* --proof "$work/proof" >"$work/out" 2>&1
is 'the parts are the whole' '0 PROVED' "$? $(grep -o PROVED "$work/out")"
# Its walks without reductions take minutes: status 4 says that nothing was found wrong in the time that there was.
bounded 60 "$ZRAMFS" verify-proof --seconds 15 "$work/proof" >"$work/out"
is 'nothing is found wrong with the proof' 1 $(($? == 0 || $? == 4))
bounded 60 "$ZRAMFS" explore disksize-twice --policy 5.16 --proof "$work/small" >"$work/out" 2>&1
bounded 60 "$ZRAMFS" verify-proof "$work/small" >"$work/out"; is 'a small proof holds' 0 $?
rm "$work"/part-*
for part in 0/2 1/2; do
    bounded 60 "$ZRAMFS" explore disksize-reset-vs-rmmod --policy 5.16 \
        --resume "$work/saved" --shard $part --share "$work/seen" --save "$work/part-${part%/*}" 2>"$work/err"
    is "part $part, which tells what it has seen" 0 $?
done
wrong 2 'not all parts of one search' explore disksize-reset-vs-rmmod --policy 5.16 --merge "$work/part-1"
bounded 60 "$ZRAMFS" explore disksize-reset-vs-rmmod --policy 5.16 --resume "$work/part-1" >"$work/out" 2>&1
is 'a part alone is no proof' '0 0' "$? $(grep -c PROVED "$work/out")"
bounded 60 "$ZRAMFS" explore disksize-reset-vs-rmmod --policy 5.16 --merge "$work"/part-* >"$work/out" 2>&1
is 'these parts are the whole' '0 PROVED' "$? $(grep -o PROVED "$work/out")"
wrong 2 'parts of a search' explore disksize-reset-vs-rmmod --policy 5.16 --share "$work/seen"
wrong 2 'each begins from' explore disksize-reset-vs-rmmod --policy 5.16 --resume "$work/saved" --merge "$work/part-0"
wrong 2 '--resume FILE and --save FILE' explore disksize-reset-vs-rmmod --shard 0/2
wrong 2 'wants INDEX/COUNT' explore disksize-reset-vs-rmmod --resume "$work/saved" --save "$work/x" --shard 2/2
wrong 2 'the search of other patches' explore disksize-reset-vs-rmmod --policy 5.15 --resume "$work/saved"
wrong 2 'no search that --save wrote' explore disksize-reset-vs-rmmod --resume "$0"
for command in '' mount umount rmmod modprobe lsmod policies image conform 'image info' 'image check' 'image repair' 'image export' 'image import' 'image compact'; do
    # shellcheck disable=SC2086
    "$ZRAMFS" $command --help >"$work/out" 2>&1; is "help of '$command'" 0 $?
    grep -q -i 'example' "$work/out" || fail "help of '$command' shows no example"
done
