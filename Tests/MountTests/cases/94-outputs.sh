#!/usr/bin/env bash
# What the command writes is a regular file: a device is not replaced, a link not followed; and what an image says of
# other files is not believed.
. "$(dirname "$0")/../lib.sh"
needRoot
cd "$repository" || exit 1
zramfs() { bounded 60 "$ZRAMFS" "$@" >"$work/out" 2>"$work/err"; }
refused() { # WHAT KIND PATH COMMAND...: exit status 2, one line, and the target is as it was
    local what=$1 kind=$2 path=$3
    shift 3
    zramfs "$@"; is "$what: refused" "${refusal:-2}" $?
    is "$what: one line" 1 "$(wc -l <"$work/err")"
    is "$what: is what it was" "$kind" "$(stat -c %F "$path")"
}
mknod "$work/device" c 1 3
chmod 640 "$work/device"
mkfifo "$work/fifo"
echo theirs >"$work/victim"
ln -s "$work/victim" "$work/link"
for target in device fifo link; do
    kind=$(stat -c %F "$work/$target")
    path=$work/$target
    refused "-o log=$target" "$kind" "$path" mount -o "log=$path" "$work/disk.img" "$work/fs"
    refused "run --trace $target" "$kind" "$path" run --trace "$path" -- true
    [[ $target != fifo ]] || continue
    refused "--save $target" "$kind" "$path" explore reset-vs-rmmod --policy 5.16 --seconds 0 --save "$path"
    refused "--script $target" "$kind" "$path" explore disksize-vs-rmmod --policy v8-11 --script "$path"
    refused "--proof $target" "$kind" "$path" explore reset-vs-rmmod --policy 5.16 --proof "$path"
    refused "conform --trace $target" "$kind" "$path" conform disksize-vs-rmmod --runs 1 --trace "$path"
    for option in json junit tap; do
        refusal=125 refused "run --$option $target" "$kind" "$path" run "--$option" "$path" -- true
    done
done
is 'modes stay' 640 "$(stat -c %a "$work/device")"
is 'the links target is untouched' theirs "$(<"$work/victim")"
zramfs explore reset-vs-rmmod --policy 5.16 --proof /dev/stdout; grep -q '"digest"' "$work/out"; is 'standard output may be asked for' 0 $?
(umask 027; zramfs explore disksize-vs-rmmod --policy v8-11 --script "$work/new"); is 'the umask counts' 750 "$(stat -c %a "$work/new")"

# Temporary files: nothing at a name that can be known before.
mkdir "$work/tmp"
# shellcheck disable=SC2016
TMPDIR=$work/tmp zramfs run --repeat 1 -- sh -c 'ls -l $TMPDIR >'"$work"'/list'
is 'a rounds folder is private' 1 "$(grep -c '^drwx------.*zramfs-round\.' "$work/list")"
is 'nothing is left' '' "$(ls -A "$work/tmp")"

command -v qemu-img >/dev/null || { echo 'without qemu-img'; exit; }
echo 'a secret of root' >"$work/secret"
truncate -s 1M "$work/secret"
(cd "$work" && qemu-img create -q -f qcow2 -b secret -F raw backed.qcow2 &&
    qemu-img create -q -f qcow2 -o data_file=secret-2,data_file_raw=on apart.qcow2 1M &&
    qemu-img convert -q -f raw -O qcow2 secret plain.qcow2 &&
    qemu-img create -q -f qcow2 --object secret,id=s,data=x -o encrypt.format=luks,encrypt.key-secret=s luks.qcow2 1M &&
    cp plain.qcow2 nbd:x.qcow2) || fail 'qemu-img'
for image in backed apart luks; do
    zramfs image import "$work/$image.qcow2" "$work/$image.img"; is "$image.qcow2" 2 $?
    is "$image.qcow2: one line" 1 "$(grep -c "$image.qcow2: it" "$work/err")"
    [[ ! -e $work/$image.img ]]; is "$image.qcow2: no image is made" 0 $?
done
zramfs image import "$work/plain.qcow2" "$work/plain.img"; is 'one that stands for itself' 0 $?
zramfs image export "$work/plain.img" zram0 "$work/back"; cmp "$work/back" "$work/secret"; is 'and what it has' 0 $?
(cd "$work" && zramfs image import nbd:x.qcow2 named.img); is 'a name that looks like a protocol' 0 $?
(cd "$work" && umask 077 && zramfs image export named.img zram0 nbd:y.qcow2); is 'and to write to' 0 $?
(cd "$work" && qemu-img info ./nbd:y.qcow2 | grep -q 'file format: qcow2'); is 'which is qcow2' 0 $?
ln -s "$work/victim" "$work/link.qcow2"
refused 'export through a link' 'symbolic link' "$work/link.qcow2" image export "$work/plain.img" zram0 "$work/link.qcow2"
is 'which is untouched' theirs "$(<"$work/victim")"
is 'no folder is left' '' "$(compgen -G "$work/*.zramfs.*")"
