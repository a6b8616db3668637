#!/usr/bin/env bash
# rmmod, modprobe and lsmod of one mount, their errnos, and loops of them.
. "$(dirname "$0")/../lib.sh"
needRoot
start_mount
is 'lsmod' 'zram 40960 0' "$("$ZRAMFS" lsmod "$MNT" | awk 'NR == 2 { print $1, $2, $3 }')"
is 'refcnt' 0 "$(<"$MNT/module/zram/refcnt")"
is 'initstate' live "$(<"$MNT/module/zram/initstate")"
"$ZRAMFS" modprobe "$MNT"; is 'modprobe of a loaded module' 0 $?
is 'init_module of a loaded module' EEXIST "$(attrprobe -e "$MNT/debug/init_module" w write:zram)"
echo 1M >"$MNT/zram0/disksize"
exec 3<>"$MNT/dev/zram0"
is 'refcnt with the disk open' 1 "$(<"$MNT/module/zram/refcnt")"
is 'reset of an open disk' EBUSY "$(attrprobe -e "$MNT/zram0/reset" w write:1)"
is 'hot_remove of an open disk' EBUSY "$(attrprobe -e "$MNT/zram-control/hot_remove" w write:0)"
is 'delete_module in use' EAGAIN "$(attrprobe -e "$MNT/debug/delete_module" w write:zram)"
"$ZRAMFS" rmmod "$MNT" 2>"$work/err"; is 'rmmod in use' 1 $?
exec 3>&-
exec 4<"$MNT/zram0/disksize"
"$ZRAMFS" rmmod "$MNT"; is 'rmmod with an attribute open' 0 $?
is 'a descriptor after removal' 'cat: -: No such device' "$(cat <&4 2>&1)"
"$ZRAMFS" rmmod "$MNT" 2>"$work/err"; is 'rmmod of an absent module' 1 $?
is 'delete_module of an absent module' ENOENT "$(attrprobe -e "$MNT/debug/delete_module" w write:zram)"
[[ ! -e $MNT/zram0 && ! -e $MNT/module/zram ]]; is 'no files are left' 0 $?
"$ZRAMFS" modprobe --mount "$MNT" num_devices=3
is 'devices' 'zram0 zram1 zram2' "$(cd "$MNT/dev" && echo zram*)"
is 'a descriptor after a reload' 'cat: -: No such device' "$(cat <&4 2>&1)"
exec 4<&-
for ((round = 0; round < 50; round++)); do
    echo zram >"$MNT/debug/delete_module" && echo zram >"$MNT/debug/init_module" || fail "round $round"
done
is 'after 50 rounds' 0 "$(<"$MNT/zram0/disksize")"
"$ZRAMFS" modprobe --mount "$MNT" test_firmware; is 'modprobe MODULE' 0 $?
"$ZRAMFS" rmmod --mount "$MNT" test_firmware zram; is 'rmmod MODULE...' 0 $?
is 'none is left' '' "$(<"$MNT/proc/modules")"
"$ZRAMFS" modprobe "$MNT" zram num_devices=2; is 'the mount point among the words' 'zram0 zram1' "$(cd "$MNT/dev" && echo zram*)"
"$ZRAMFS" image check x.img --nonsense 2>"$work/err"; is 'wrong arguments' 2 $?
is 'one line' "zramfs: Unknown option '--nonsense'; see: zramfs image check --help" "$(<"$work/err")"
stop_mount
