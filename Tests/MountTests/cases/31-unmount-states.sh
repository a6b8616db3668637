#!/usr/bin/env bash
# Unmounting in every state: bind mounts, copies in other namespaces, dead daemons, ro, remount, busy by whom; and
# directories that cannot be named.
. "$(dirname "$0")/../lib.sh"
needRoot
need umount mount unshare findmnt
for helper in mount.fuse.zramfs umount.fuse.zramfs; do
    [[ -e /sbin/$helper ]] || { ln -s "$ZRAMFS" "/sbin/$helper"; installed+=" /sbin/$helper"; }
done
jobs_of_ours=()
cleanup() {
    rm -f ${installed:-}
    # shellcheck disable=SC2086
    kill -KILL "${jobs_of_ours[@]}" 2>/dev/null
    ! mountpoint -q "$work/bind" || umount -l "$work/bind"
}
gone() { wait_until "! is_mounted '$MNT' && ! kill -0 $daemon 2>/dev/null" 10; }
said() { grep -q -e "$1" "$work/err"; is "it says: $1" 0 $?; }

start_mount
mkdir "$work/bind"
mount --bind "$MNT" "$work/bind"
bounded 10 umount "$work/bind"; is 'umount of a bind mount' 0 $?
is 'the module is there' '0' "$(cat "$MNT/zram0/disksize")"
mount --bind "$MNT" "$work/bind"
bounded 10 umount "$MNT"; is 'umount of the first of two' 0 $?
is 'the module is there still' '0' "$(cat "$work/bind/zram0/disksize")"
bounded 10 umount "$work/bind"; is 'umount of the second' 0 $?
gone; is 'the daemon has ended' 0 $?

start_mount
unshare -m --propagation private sleep 1007 &
copy=$!
jobs_of_ours+=("$copy")
wait_until "grep -q -F '$MNT' /proc/$copy/mountinfo && [[ \$(readlink /proc/$copy/ns/mnt) != \$(readlink /proc/self/ns/mnt) ]]" 5
bounded 10 umount "$MNT" 2>"$work/err"; is 'umount with a copy in another namespace' 0 $?
said "another mount namespace shows it: .*sleep ($copy)"
kill -KILL "$copy"; wait "$copy" 2>/dev/null
gone; is 'the daemon ends with the copy' 0 $?

for again in umount mount; do
    start_mount
    kill -KILL "$daemon"
    wait_until "! ls '$MNT' >/dev/null 2>&1" 5
    if [[ $again == mount ]]; then
        "$ZRAMFS" mount "$MNT" 2>"$work/err"; is 'mount over a dead mount' 2 $?
        said 'first: umount'
    fi
    bounded 10 umount "$MNT" 2>"$work/err"; is 'umount after kill -9 of the daemon' 0 $?
    ! is_mounted "$MNT"; is 'it is gone' 0 $?
    ! grep -q -s -F "TARGET=$MNT " /run/mount/utab; is 'so is its line' 0 $?
done

start_mount ro
! echo 1M 2>/dev/null >"$MNT/zram0/disksize"; is 'ro' 0 $?
bounded 10 umount "$MNT"; is 'umount of ro' 0 $?
gone; is 'the daemon has ended' 0 $?
start_mount
mount -o remount,ro "$MNT"; is 'remount,ro' 0 $?
! echo 1M 2>/dev/null >"$MNT/zram0/disksize"; is 'is ro' 0 $?
mount -o remount,rw "$MNT"; is 'remount,rw' 0 $?
echo 1M >"$MNT/zram0/disksize"; is 'is writable' 0 $?
"$ZRAMFS" mount -o remount,policy=v8 "$MNT" 2>"$work/err"; is 'remount,policy=' 2 $?
said "cannot change 'policy=v8'"

# Busy: by whom.
exec 3<>"$MNT/dev/zram0"
umount "$MNT" 2>"$work/err"; is 'a disk is open' 32 $?
said "(\($$\)) has dev/zram0 open"
exec 3>&-
cd "$MNT" || exit 1
umount "$MNT" 2>"$work/err"; is 'somebody stands in it' 32 $?
said "($$) stands in it"
cd / || exit 1
"$ZRAMFS" modprobe --mount "$MNT" >/dev/null 2>&1
echo 'hold fn=zram_remove' >"$MNT/debug/points/open_mutex.lock"
"$ZRAMFS" rmmod "$MNT" 2>/dev/null &
jobs_of_ours+=($!)
wait_until "grep -q gate '$MNT/debug/tasks'" 5
umount "$MNT" 2>"$work/err"; is 'a removal stands at a gate' 32 $?
said 'let it go: echo go > .*/debug/points/open_mutex.lock'
said 'sysrq-trigger'
echo b >"$MNT/sysrq-trigger"
bounded 10 umount "$MNT"; is 'after a reboot' 0 $?
gone

# A signal that comes right after the last close.
lost=0
for ((round = 0; round < ${ROUNDS:-8}; round++)); do
    start_mount
    echo 1M >"$MNT/zram0/disksize"
    echo hello 1<>"$MNT/dev/zram0"
    dd if=/dev/zero of="$MNT/dev/zram0" bs=64k count=8 conv=notrunc 2>/dev/null
    kill -TERM "$daemon"
    gone || { lost=$((lost + 1)); kill -TERM "$daemon"; gone; }
done
is 'SIGTERM right after a disk was closed' 0 $lost

# Loop devices: umount -l, and users that go on.
start_mount dev blockdev=loop
echo 8M >"$MNT/zram0/disksize"
exec 4<>"$MNT/view/dev/zram0"
umount -l "$MNT"
sleep 0.3
kill -0 "$daemon"; is 'umount -l: who has the block device open keeps the daemon' 0 $?
exec 4>&-
gone; is 'and it ends with him' 0 $?

# What cannot be named is never mounted over.
mounts_before=$(wc -l </proc/self/mountinfo)
for where in . ./ '' ../x/. /proc/self/cwd; do
    mkdir -p "$work/x"
    (cd "$work/x" && rmdir "$work/x" && bounded 10 "$ZRAMFS" mount "$where") >"$work/err" 2>&1
    [[ $? != 0 ]]; is "mount '$where' in a directory that is gone" 0 $?
done
"$ZRAMFS" mount / 2>"$work/err"; is 'mount over /' 2 $?
is 'nothing is mounted' "$mounts_before" "$(wc -l </proc/self/mountinfo)"
mkdir -p "$work/real/deep" "$work/other"
ln -s "$work/real/deep" "$work/link"
MNT=$work/real/deep
"$ZRAMFS" mount "$work/link" && mounts+=("$MNT")
is_mounted "$MNT"; is 'through a link' 0 $?
"$ZRAMFS" mount "$work/link" 2>"$work/err"; is 'a second time' 2 $?
(cd "$work/link" && bounded 10 "$ZRAMFS" umount "$work/link/../../real/deep") 2>"$work/err"; is 'it is busy' 32 $?
bounded 10 "$ZRAMFS" umount "$work/link"; is 'and unmounted through it' 0 $?
[[ $failures == 0 ]]
