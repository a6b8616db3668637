#!/usr/bin/env bash
# zramfs run: a command in a private view of the host; its status, its end, and that nothing stays behind.
. "$(dirname "$0")/../lib.sh"
needRoot
need setpriv losetup zramctl
[[ -c /dev/loop-control ]] || skip '/dev/loop-control'
export TMPDIR=$work
run() { timeout -k 2 30 "$ZRAMFS" run "$@"; }
# Other runs may go on at the same time: what counts is the loop device that this one had.
attached() { losetup "/dev/loop${1#*:}" 2>/dev/null | grep -q -F /view/backing/; }

is 'output' '0' "$(run -- cat /sys/block/zram0/disksize)"
run -- sh -c 'exit 7'; is 'exit status' 7 $?
run -- sh -c 'kill -USR1 $$'; is 'a signal ends it' 138 $?
run -- no-such-command 2>"$work/err"; is 'no such command' 127 $?
run --no-such-option -- true 2>"$work/err"; is 'no such option' 2 $?
run --policy nosuch -- true 2>"$work/err"; is 'no such policy' 2 $?
run --timeout 0.2 -- sleep 20 2>"$work/err"; is 'timeout' 124 $?
# shellcheck disable=SC2016
is 'a device is there when hot_add returns, and gone with hot_remove' 'bgone' "$(run -- bash -c '
    for round in 1 2 3 4 5; do
        id=$(cat /sys/class/zram-control/hot_add)
        [[ -b /dev/zram$id && -e /sys/block/zram$id/disksize && -e /sys/class/block/zram$id ]] || echo missing
        echo "$id" >/sys/class/zram-control/hot_remove
        [[ ! -e /dev/zram$id && ! -e /sys/block/zram$id ]] || echo left
    done
    [[ -b /dev/zram0 ]] && printf b
    modprobe -r zram; [[ ! -e /dev/zram0 && ! -e /sys/module/zram && ! -e /sys/class/zram-control ]] && echo gone')"
is 'real disks stay' "$(ls /sys/block | grep -v zram)" "$(run -- ls /sys/block | grep -v zram)"
is 'real devices stay' "$(cd /dev && echo l* n* t*)" "$(run -- bash -c 'cd /dev && echo l* n* t*')"
is 'other processes see nothing of it' "$(ls /dev | grep -c zram)" "$(run --devices 8 -- sleep 0.2 & ls /dev | grep -c zram; wait)"
# The host's own line, where it has one, names what its zram needs too.
is 'modules.dep' "kernel/drivers/block/zram/zram.ko:" "$(run -- sh -c 'grep -o "^.*zram.ko:" /lib/modules/$(uname -r)/modules.dep')"
is 'lsmod' 'zram gone' "$(run -- sh -c 'lsmod | awk "NR == 2 { print \$1 }"; rmmod zram; lsmod | grep -q zram || echo gone' | xargs)"
# A kernel without modules has no file to lay ours over.
[[ ! -e /proc/modules ]] || is '/proc/modules' 'zram gone' \
    "$(run -- sh -c 'grep -o "^zram" /proc/modules; rmmod zram; grep -q zram /proc/modules || echo gone' | xargs)"
is 'dmesg' 'zram: Added device: zram0' "$(run -- dmesg -t)"
run --dmesg -- true 2>"$work/err"; grep -q 'Added device' "$work/err"; is '--dmesg' 0 $?

# Links stay within /sys, as libudev wants them.
if command -v udevadm >/dev/null; then
    is 'udevadm' 'block /devices/virtual/block/zram0' "$(run -- udevadm info /sys/block/zram0 |
        sed -n 's/^E: SUBSYSTEM=//p; s/^P: //p' | sort -r | xargs)"
    run -- udevadm info /dev/zram0 >/dev/null; is 'of the device node' 0 $?
fi
makefs=/usr/lib/systemd/systemd-makefs
[[ ! -x $makefs ]] || {
    run -- sh -c "echo 16M >/sys/block/zram0/disksize; $makefs swap /dev/zram0 && swapon /dev/zram0 && swapoff /dev/zram0" >"$work/out" 2>&1
    is 'systemd-makefs, as zram-generator calls it' 0 $?
}
# shellcheck disable=SC2016
is 'links of devices lead to directories of /sys' '/sys/class/block /sys/devices/virtual/block/zram0' "$(run -- sh -c '
    cd /sys/block/zram0/queue && cd .. && readlink -f subsystem . | xargs')"
# shellcheck disable=SC2016
is 'what was read from the cache was not idle' ' ' "$(run --abi 6.18 -- bash -c '
    echo 1M >/sys/block/zram0/disksize; head -c 4096 /dev/urandom >/dev/zram0; cat /dev/zram0 >/dev/null
    echo all >/sys/block/zram0/idle; cat /dev/zram0 >/dev/null
    grep -o i "$ZRAMFS_MOUNT/debug/zram/zram0/block_state"') "
# A user namespace has no block devices, be it with real root.
is 'unshare -Urm' '1048576 file' "$(unshare -Urm timeout -k 2 30 "$ZRAMFS" run -- sh -c '
    echo 1M >/sys/block/zram0/disksize; cat /sys/block/zram0/disksize; dd if=/dev/zram0 of=/dev/null bs=4k count=1 2>/dev/null &&
        [ ! -b /dev/zram0 ] && echo file' | xargs)"
# The host's unmounts reach the namespace.
mkdir "$work/host"
mount -t tmpfs none "$work/host"
mount --make-shared "$work/host"
mkdir "$work/host/in"
mount -t tmpfs none "$work/host/in"
run -- sh -c "echo >$work/ready; while [ -e $work/ready ]; do sleep 0.05; done; grep -c ' $work/host/in ' /proc/self/mountinfo" >"$work/out" &
run_pid=$!
wait_until "[[ -e $work/ready ]]" 10
umount "$work/host/in"
rm "$work/ready"
wait $run_pid
umount "$work/host"
is 'what the host unmounts is unmounted in it' 0 "$(<"$work/out")"
# Many devices: a few are block devices until they have a size, and it can be ended.
before=$(ls -d /dev/loop* | wc -l)
run --timeout 20 -- sh -c 'rmmod zram; modprobe zram num_devices=600; ls /dev | grep -c "^zram"; echo 1M >/sys/block/zram500/disksize
    [ -b /dev/zram500 ] && echo block' >"$work/out" 2>"$work/err"
is 'num_devices=600' '600 block' "$(xargs <"$work/out")"
[[ $(ls -d /dev/loop* | wc -l) -le $((before + 8)) ]]; is 'and no loop device is left' 0 $?

# In use on the host's side: the simulated kernel knows.
# shellcheck disable=SC2016
run -- bash -c 'set -e; echo 8M >/sys/block/zram0/disksize; exec 3<>/dev/zram0
    ! attrprobe -e /sys/block/zram0/reset w write:1 | grep -v -x EBUSY
    ! rmmod zram; exec 3>&-; echo 1 >/sys/block/zram0/reset; rmmod zram' 2>"$work/err"
is 'an open disk is busy, a closed one is not' 0 $?
is 'what rmmod says' 'rmmod: ERROR: Module zram is in use' "$(cat "$work/err")"

run -- bash -c 'echo 8M >/sys/block/zram0/disksize; mkswap -q /dev/zram0 >/dev/null; swapon -p 5 /dev/zram0
    swapon --show=NAME,PRIO --noheadings; kill -KILL $$' >"$work/out" 2>/dev/null
is 'swap space' '/dev/zram0 5' "$(xargs <"$work/out")"
run -- bash -c 'echo 8M >/sys/block/zram0/disksize; mkswap -q /dev/zram0 >/dev/null; /usr/sbin/swapon /dev/zram0 || echo refused' 2>"$work/err"
is 'is none of the host' 0 "$(grep -c zram /proc/swaps)"

# Whoever keeps a lock of the simulated kernel keeps nobody of the host: run ends all the same.
for device in file loop; do
    # shellcheck disable=SC2016
    run --block-device $device -- bash -c 'P=$ZRAMFS_MOUNT/debug/points/open_mutex.unlock
        echo "hold fn=reset_store" >$P; echo 1 >/sys/block/zram0/reset & echo wait >$P' 2>"$work/err"
    is "$device: a task that keeps open_mutex" 0 $?
done

# The verdict.
# shellcheck disable=SC2016
run --policy v8-11 --faults 'points/zram_index_mutex.lock=hold fn=reset_store' --faults points/reset.drain=hold \
    --json "$work/json" --junit "$work/junit" --tap "$work/tap" -- sh -c 'P=$ZRAMFS_MOUNT/debug/points
    echo 1 >/sys/block/zram0/reset & echo wait >$P/zram_index_mutex.lock; rmmod zram & echo wait >$P/reset.drain
    echo go >$P/reset.drain; echo go >$P/zram_index_mutex.lock; wait' 2>"$work/err"
is 'a deadlock' 121 $?
grep -q 'zramfs: deadlock' "$work/err"; is 'and its report' 0 $?
grep -q '"verdict": "deadlock"' "$work/json"; is 'JSON' 0 $?
grep -q '<failure type="deadlock"' "$work/junit"; is 'JUnit' 0 $?
grep -q '"jsonVersion": 1' "$work/json"; is 'JSON has a version' 0 $?
run --json "$work/none/json" -- touch "$work/ran"; is 'a report that cannot be written' 125 $?
[[ ! -e $work/ran ]]; is 'then nothing is run' 0 $?
run --json "$work/late/json" -- true 2>/dev/null; is 'no folder' 125 $?
mkdir "$work/late"
run --json "$work/late/json" -- sh -c "rmdir $work/late; exit 7" 2>"$work/err"; is 'a folder that goes away: the verdict stays' 7 $?
grep -q 'late/json: No such file' "$work/err"; is 'and it is said' 0 $?
TMPDIR=$work/absent "$ZRAMFS" run --junit "$work/junit2" --tap "$work/tap2" -- true 2>/dev/null; is 'run itself fails' 125 $?
grep -q '<error ' "$work/junit2" && grep -q '^Bail out!' "$work/tap2"; is 'and the reports say so' 0 $?
grep -q '^not ok 1' "$work/tap"; is 'TAP' 0 $?
# shellcheck disable=SC2016
run --policy 5.15 --faults 'points/open_mutex.lock=hold fn=del_gendisk' -- sh -c 'P=$ZRAMFS_MOUNT/debug/points
    rmmod zram & echo wait >$P/open_mutex.lock; echo 1M >/sys/block/zram0/disksize
    echo go >$P/open_mutex.lock; wait' 2>"$work/err"
is 'a leak' 123 $?
run --terminals 2 --logs "$work/logs" -- sh -c 'cat /sys/class/zram-control/hot_add' 2>"$work/err"
# shellcheck disable=SC2016
is 'a signal reaches a command of a round' 143 "$(run --repeat 1 -- sh -c 'kill $$' 2>/dev/null; echo $?)"
is 'two terminals' '1 2' "$(cat "$work"/logs/terminal-*.log | sort | xargs)"
run --repeat 3 --seed 1 -- true 2>"$work/err"; is 'rounds' 0 $?
grep -q '3 rounds, 0 failed' "$work/err"; is 'are counted' 0 $?
# shellcheck disable=SC2016
run --until-failure --repeat 50 -- sh -c 'n=$(cat '"$work"'/count || echo 0); echo $((n + 1)) >'"$work"'/count; [ $n -lt 2 ]' 2>"$work/err"
is 'until one fails' 1 $?
is 'then no more' 3 "$(<"$work/count")"

# Joining a mount: what is done there stays.
start_mount
run --mount "$MNT" -- sh -c 'echo 3M >/sys/block/zram0/disksize'; is 'joins a mount' 0 $?
is 'and has changed it' 3145728 "$(<"$MNT/zram0/disksize")"
stop_mount

# However it ends.
run -- sh -c 'sleep 1003 & sleep 1004 & :'
"$ZRAMFS" run -- sh -c "echo 1M >/sys/block/zram0/disksize; cat /sys/block/zram0/dev >$work/loop; sleep 1003 & exec sleep 1004" &
owner=$!
wait_until "[[ -s $work/loop ]]" 10
loop=$(<"$work/loop")
attached "$loop"; is 'a loop device is in use' 0 $?
kill -KILL $owner
wait $owner 2>/dev/null
wait_until '! pgrep -f "^sleep 100[34]" >/dev/null' 10; is 'kill -9 of run ends all' 0 $?
wait_until '! attached "$loop" && [[ -z $(compgen -G "$work/zramfs-run.*") ]]' 10; is 'nothing stays behind' 0 $?

TMPDIR=/nonexistent run -- true 2>"$work/err"; is 'no folder to work in' 125 $?

# An ordinary user, where the host lets him.
cp "$ZRAMFS" "$work/zramfs"
chmod 755 "$work/zramfs"
mkdir "$work/user"
chown 65534:65534 "$work/user"
before=$(stat -c %a /dev/fuse)
[[ $before == *6 ]] || chmod 666 /dev/fuse
cleanup() { chmod "$before" /dev/fuse; }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR="$work/user" "$@"; }
if as_nobody unshare -rm true 2>/dev/null; then
    is 'a user' 'root 33554432 zram0 clean' "$(as_nobody timeout -k 2 30 "$work/zramfs" run -- sh -c '
        id -un; echo 32M >/sys/block/zram0/disksize; cat /sys/block/zram0/disksize; ls /sys/block | grep zram
        mkfs.ext4 -q /dev/zram0 && e2fsck -fn /dev/zram0 >/dev/null 2>&1 && echo clean' | xargs)"
    is 'his swap' '/dev/zram0 busy' "$(as_nobody timeout -k 2 30 "$work/zramfs" run -- sh -c '
        echo 32M >/sys/block/zram0/disksize; mkswap -q /dev/zram0 >/dev/null; swapon /dev/zram0
        swapon -s | tail -n 1 | cut -d " " -f 1; echo 1 2>/dev/null >/sys/block/zram0/reset || echo busy; swapoff /dev/zram0
        echo 1 >/sys/block/zram0/reset' | xargs)"
    is 'nothing stays behind' '' "$(ls "$work/user")"
else
    echo 'ordinary users have no user namespace here'
fi
