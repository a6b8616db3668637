#!/usr/bin/env bash
# An ordinary user mounts through fusermount3, and others are kept out.
. "$(dirname "$0")/../lib.sh"
needRoot
need setpriv fusermount3
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
mkdir -p "$work/user" && chown 65534:65534 "$work/user"
chmod 755 "$work"
mkdir "$work/user/mnt" && chown 65534:65534 "$work/user/mnt"
cp "$ZRAMFS" "$work/zramfs" && chmod 755 "$work/zramfs"
U=$work/user/mnt
mounts+=("$U")
# Hosts give everybody /dev/fuse; where only root may open it, it is lent for the time of this case.
before=$(stat -c %a /dev/fuse)
[[ $before == *6 ]] || chmod 666 /dev/fuse
cleanup() {
    chmod "$before" /dev/fuse
    umount -l "$U" 2>/dev/null
}
as_nobody env TMPDIR="$work/user" "$work/zramfs" mount "$U"; is 'an ordinary user mounts' 0 $?
user_daemon=$(as_nobody cat "$U/debug/pid")
daemons+=("$user_daemon")
as_nobody sh -c "echo 1M > '$U/zram0/disksize'"; is 'and writes a knob' 0 $?
is 'root is kept out without allow_other' 1 "$(cat "$U/zram0/disksize" >/dev/null 2>&1; echo $?)"
as_nobody "$work/zramfs" umount "$U"; is 'and unmounts' 0 $?
wait_until "! kill -0 $user_daemon 2>/dev/null" 10; is 'the daemon ends' 0 $?
start_mount
is 'root lets others look in' 0 "$(as_nobody cat "$MNT/zram0/disksize")"
as_nobody sh -c "echo 1 > '$MNT/zram0/reset'" 2>/dev/null; is 'but not write' 1 $(($? > 0))
as_nobody ls "$MNT/debug" >/dev/null 2>&1; is 'nor see the debug knobs' 1 $(($? > 0))
as_nobody sh -c "echo b > '$MNT/sysrq-trigger'" 2>/dev/null; is 'nor reboot' 1 $(($? > 0))
stop_mount
