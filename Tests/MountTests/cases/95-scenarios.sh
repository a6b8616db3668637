#!/usr/bin/env bash
# Scenarios reach no tool of the host, and run nothing that the explorer took for text: in conform, in the scripts that
# explore and replay write, in recorded scenarios, and by hand in zramfs run. The tools are fakes that note their calls.
# limit: 240
. "$(dirname "$0")/../lib.sh"
needRoot
need unshare
fakes modprobe rmmod insmod lsmod modinfo depmod kmod swapon swapoff losetup mkswap zramctl blkdiscard fusermount fusermount3 reboot
export TMPDIR=$work
cd "$work" || exit 1
zramfs() { bounded 100 "$ZRAMFS" "$@" >"$work/out" 2>"$work/err"; }
untouched() { is "$1: no tool is called" '' "$(cat "$calls" 2>/dev/null)"; is "$1: nothing else is run" '' "$(compgen -G "$work/pwned_*")"; }

# As a stranger may name them: a folder and scripts with newlines, quotes and commands in their names.
odd=$'odd\n touch pwned_folder; $(touch pwned_folder2) "\'`touch pwned_folder3`\n'
mkdir "$odd"
printf '%s\n' 'rmmod zram' >"$odd/"$'remover\ntouch pwned_script\n.sh'
# shellcheck disable=SC2016
printf '%s\n' '# a comment' 'echo 1M > $1/zram0/disksize' >"$odd/"'writer$(touch pwned_script2)`touch pwned_script3`.sh'
# shellcheck disable=SC2016
printf '%s\n' 'modprobe -r zram' 'modprobe zram num_devices=2' "mnt=elsewhere; echo '\$(touch pwned_text)\`touch pwned_text2\`' > /dev/null" >"$odd/setup.sh"
zramfs explore "$odd" --policy v8-11 --script drive.sh; is 'an odd scenario is explored' 1 $?
is 'the script is one that bash reads' 0 "$(bash -n drive.sh; echo $?)"
untouched explore

zramfs conform "$odd" --policy v8-11 --runs 3 --json; is 'and conforms' 0 $?
is 'conform: every run is a path' 3 "$(sed -n 's/.*"conforming" : \([0-9]*\).*/\1/p' out)"
untouched conform

start_mount policy=v8-11 log="$work/kernel.log"
bounded 20 bash drive.sh "$MNT" >out 2>&1
wait_until 'grep -q "zramfs: deadlock" "$work/kernel.log"' 10; is 'the emitted script makes it happen' 0 $?
is 'after its set-up' 2 "$(ls -d "$MNT"/zram[0-9] | wc -l)"
echo b >"$MNT/sysrq-trigger"
wait_until '[[ -e $MNT/zram0/reset ]]' 5
untouched 'emitted script'
bash drive.sh "$work/fakes" >out 2>&1; is 'without a mount it does nothing' 2 $?

# By hand: zramfs run lends the mount's own tools.
is 'by hand' 'gone back' "$("$ZRAMFS" run --mount "$MNT" -- sh -c 'echo rmmod zram >1.sh; echo modprobe zram >2.sh
    sh 1.sh '"$MNT"'; [ -e '"$MNT"'/zram0 ] || echo gone; sh 2.sh '"$MNT"'; [ -e '"$MNT"'/zram0 ] && echo back' | xargs)"
untouched 'by hand'
# What is not the mount's is refused, not passed on.
printf '%s\n' 'set -- "$1"' "$(sed -n '/^zramfs_module()/,/^insmod()/p' drive.sh)" 'rmmod -f zram; rmmod; modprobe -C x zram; modprobe
    insmod zram.ko; umount /; umount -a; umount "$zramfs_mount" /' >refused.sh
zramfs_mount=$MNT bash refused.sh "$MNT" >out 2>&1
is 'each refusal is a line' 8 "$(wc -l <out)"
is_mounted "$MNT"; is 'and the mount is there' 0 $?
untouched 'refused'
stop_mount

# Recorded: what a run did becomes a scenario.
"$ZRAMFS" run --policy 5.15 --record kept -- sh -c 'modprobe -r zram; modprobe zram; rmmod zram; echo 1M >/sys/block/zram0/disksize' >out 2>err
zramfs conform kept --runs 2; is 'a recorded scenario conforms' 0 $?
zramfs explore kept --script kept.sh
untouched recorded
for recipe in "$repository"/Fixtures/recipes/*.sh; do
    ROUNDS=1 bounded 10 bash "$recipe" 2>err; is "${recipe##*/} by itself" 2 $?
done
untouched recipes
