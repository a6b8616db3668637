#!/usr/bin/env bash
# The drivers beside zram, seen by programs: what the series' own selftest looks at, and its races in short.
# limit: 240
. "$(dirname "$0")/../lib.sh"
needRoot
need dd
export TMPDIR=$work
run() { timeout -k 2 60 "$ZRAMFS" run --policy v8 --no-lockdep "$@"; }

# What a knob says and takes, as a misc device and as a block device.
for type in misc block; do
    device=/sys/devices/virtual/$type/test_sysfs0
    # shellcheck disable=SC2016
    run -- bash -c 'device=$1 type=$2
        modprobe test_sysfs "devtype=$type" write_delay_msec_y=10
        cd "$device" || exit
        cat test_dev_x test_dev_y config_write_delay_msec_y
        echo 9 >test_dev_x; echo 5 >test_dev_y; cat test_dev_x test_dev_y
        (printf A%.0s {1..50}; echo 4) | dd of=test_dev_x bs=50 2>/dev/null || echo refused
        cat test_dev_x
        echo 1 >config_enable_lock; echo 2 >test_dev_x; cat test_dev_x; echo 1 >reset; cat test_dev_x test_dev_y
        stat -c "%a %s" config reset test_dev_x
        cd /; modprobe -r test_sysfs; [[ -e $device ]] || echo gone
        dmesg -t | tail -3' - "$device" "$([[ $type == block ]] && echo 1 || echo 0)" >"$work/out" 2>"$work/err"
    is "$type: values" '3 4 10 9 21 refused 9 2 3 4 444 4096 200 4096 644 4096 gone' "$(head -n 14 "$work/out" | xargs)"
    is "$type: its log" "$type test_sysfs0: reset $type test_sysfs0: removing interface" \
        "$(tail -n 2 "$work/out" | xargs)"
done
# shellcheck disable=SC2016
is 'config' 'Configuration for: test_sysfs0 x: 3 y: 4 enable_lock: true enable_lock_on_rmmmod: false use_rtnl_lock: false write_delay_msec_y: 500 enable_busy_alloc: false enable_debugfs: true enable_verbose_writes: false enable_completion_on_rmmod: false' \
    "$(run -- sh -c 'modprobe test_sysfs enable_lock enable_debugfs=1; cat /sys/devices/virtual/misc/test_sysfs0/config' | xargs)"
is 'its block device cannot be opened' 'EINVAL' \
    "$(run -- bash -c 'modprobe test_sysfs devtype=1; attrprobe -e /dev/test_sysfs0 r read:1')"
# shellcheck disable=SC2016
is 'parameters' 'Y N 1 refused Y refused' "$(run -- bash -c 'modprobe test_sysfs enable_lock=1 devtype=1
    cd /sys/module/test_sysfs/parameters; cat enable_lock enable_lock_on_rmmod devtype
    echo 0 2>/dev/null >enable_lock || echo refused; cat enable_lock; modprobe -r test_sysfs
    modprobe test_sysfs devtype=x 2>/dev/null || echo refused' | xargs)"
# shellcheck disable=SC2016
is 'modprobe -n, modinfo, modules.dep' 'ok test_firmware kernel/lib/test_sysfs.ko:' "$(run -- bash -c '
    modprobe -q -n test_sysfs && echo ok; modinfo -F name test-firmware
    grep test_sysfs "/lib/modules/$(uname -r)/modules.dep"' | xargs)"
# shellcheck disable=SC2016
is 'what is said to /dev/kmsg is in the log' 'a word' "$(run -- bash -c 'echo a word >/dev/kmsg; dmesg -t | tail -n 1')"

# A write that waits at each of the four places while the module goes: before the active reference it fails, behind it
# the removal waits. 3000 ms later it would go on by itself.
for at in at_start before_mutex after_mutex after_active; do
    # shellcheck disable=SC2016
    run -- bash -c 'modprobe test_sysfs devtype=1 enable_completion_on_rmmod=1
        cd /sys/kernel/debug/kernfs
        for knob in interval=1 probability=100 times=1; do echo "${knob#*=}" >"fail_kernfs_fop_write_iter/${knob%=*}"; done
        echo 20 >sleep_after_wait_ms; echo 1 >"config_fail_kernfs_fop_write_iter/wait_$1"; cd /
        echo 5 >/sys/devices/virtual/block/test_sysfs0/test_dev_x & writer=$!
        until dmesg -t | grep -q "wait_$1$"; do sleep 0.02; done
        modprobe -r test_sysfs; removed=$?; wait "$writer"; echo "$? $removed"' - "$at" >"$work/out" 2>"$work/err"
    expected='1 0'
    # Under this policy the reference pins the module, too: the removal is refused, and the write goes on in time.
    [[ $at != after_active ]] || expected='0 1'
    is "removal while a write waits $at" "$expected" "$(<"$work/out")"
done
# shellcheck disable=SC2016
is 'without the pin the removal waits for the write' '0 0' "$(timeout -k 2 60 "$ZRAMFS" run -- bash -c '
    modprobe test_sysfs devtype=1 enable_completion_on_rmmod=1; cd /sys/kernel/debug/kernfs
    echo 100 >fail_kernfs_fop_write_iter/probability; echo 1 >config_fail_kernfs_fop_write_iter/wait_after_active; cd /
    echo 5 >/sys/devices/virtual/block/test_sysfs0/test_dev_x & writer=$!
    until dmesg -t | grep -q "wait_after_active$"; do sleep 0.02; done
    modprobe -r test_sysfs; removed=$?; wait "$writer"; echo "$? $removed"' 2>"$work/err")"

# The races of the selftest: writers against removal, and against the reset of debugfs; the deadlock that the lock makes.
# shellcheck disable=SC2016
race='modprobe test_sysfs $1; D=/sys/devices/virtual/block/test_sysfs0
    (while :; do echo 5 >$D/test_dev_x; done) 2>/dev/null & writer=$!
    (while :; do eval "$2"; done) >/dev/null 2>&1 & other=$!
    sleep 1.5; kill $writer $other; wait'
locks='devtype=1 enable_lock=1 enable_lock_on_rmmod=1'
run --seed 1 -- bash -c "$race" - "$locks" "modprobe test_sysfs $locks; modprobe -r test_sysfs" 2>"$work/err"
status=$?
# The driver shows its device before it is configured. A store that began before and ends after gives back a lock that it
# never took: a warning, as in the kernel, and no deadlock.
known='DEBUG_LOCKS_WARN_ON(__owner_task(owner) != get_current())'
# Each warning begins with the line "cut here"; every one has to be of that kind.
if [[ $status == 123 && $(grep -c 'cut here' "$work/err") == "$(grep -cF "$known" "$work/err")" ]]; then status=0; fi
is 'v8: a lock that stores and exit share' 0 "$status"
timeout -k 2 60 "$ZRAMFS" run --policy 5.16 --seed 1 -- bash -c "$race" - "$locks" \
    "modprobe test_sysfs $locks; modprobe -r test_sysfs" 2>"$work/err"
is '5.16: the same deadlocks' 121 $?
grep -q 'test_dev_x_store.*\[test_sysfs\]' "$work/err"; is 'and the report names the driver' 0 $?
run --seed 1 -- bash -c "$race" - 'devtype=1 enable_debugfs=1' 'echo 1 >/sys/kernel/debug/test_sysfs/reset_first_test_dev' \
    2>"$work/err"
is 'the reset of debugfs' 0 $?

# shellcheck disable=SC2016
is 'test_firmware' 'test-firmware.bin 7 1 ENOENT EINVAL' "$(run -- bash -c 'modprobe test_firmware
    cd /sys/devices/virtual/misc/test_firmware; cat config_name; echo 7 >config_num_requests; cat config_num_requests
    echo y >config_partial; cat config_partial; attrprobe -e trigger_request w write:x
    attrprobe -e read_firmware r read:10' | xargs)"
# shellcheck disable=SC2016
is 'fsl_mpic_timer_wakeup' '0 6 0 EINVAL EINVAL' "$(run -- bash -c 'modprobe fsl_mpic_timer_wakeup
    K=$ZRAMFS_MOUNT/mpic/timer_wakeup; cat $K; echo 5 >$K; cat $K; echo 0 >$K; cat $K; attrprobe -e $K w write:x
    attrprobe -e $K w write:-1' | xargs)"
# shellcheck disable=SC2016
run -- bash -c 'modprobe fsl_mpic_timer_wakeup; echo hold >$ZRAMFS_MOUNT/debug/points/sysfs_lock.lock
    echo 1 >$ZRAMFS_MOUNT/mpic/timer_wakeup & echo wait >$ZRAMFS_MOUNT/debug/points/sysfs_lock.lock
    echo hold fn=fsl_free_resource >$ZRAMFS_MOUNT/debug/points/sysfs_lock.lock; echo go >$ZRAMFS_MOUNT/debug/points/sysfs_lock.lock
    wait; echo wait >$ZRAMFS_MOUNT/debug/points/sysfs_lock.lock; rmmod fsl_mpic_timer_wakeup
    echo clear >$ZRAMFS_MOUNT/debug/points/sysfs_lock.lock; sleep 0.2' 2>"$work/err"
is 'its work runs behind its exit: an oops' 122 $?
is 'no mount is left' 0 "$(grep -c "$work" /proc/self/mounts)"
