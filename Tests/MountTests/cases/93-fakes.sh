#!/usr/bin/env bash
# zramfs run: what names zram never reaches the host's own tools, in whatever words. Each of them is a fake here that
# notes how it is called, first in PATH and in the place of the host's own, in a mount namespace of the case's own.
. "$(dirname "$0")/../lib.sh"
needRoot
need unshare mkswap
fakes modprobe rmmod insmod lsmod modinfo depmod kmod swapon swapoff losetup zramctl blkdiscard
export TMPDIR=$work
run() { timeout -k 2 60 "$ZRAMFS" run "$@"; }

# Every line in a shell of its own, with a disk that mkswap was on. What the simulated kernel then says decides.
cat >"$work/each.sh" <<'END'
cd /dev || exit 1
real=/dev/.zramfs/dev
ln -s /dev/zram0 "$1/link"
ln -s /dev "$1/folder"
mkdir -p "$1/m"; cp /bin/true "$1/m/zram.ko"; ln -s zram.ko "$1/m/other.ko"
while IFS='|' read -r line expected; do
    [ -n "$line" ] || continue
    modprobe zram 2>/dev/null
    echo 8M >/sys/block/zram0/disksize; mkswap -L mine -U 01234567-89ab-cdef-0123-456789abcdef /dev/zram0 >/dev/null 2>&1
    case $line in *swapoff*) swapon zram0 ;; *insmod*) echo 1 >/sys/block/zram0/reset; rmmod zram ;; esac
    eval "$line" >/dev/null 2>&1
    if grep -q /dev/zram0 /proc/swaps; then state=swap; elif [ -e /sys/module/zram ]; then state=loaded; else state=gone; fi
    echo "$line: $state" >>"$1/states"
    [ "$state" = "$expected" ] || echo "$line: $state, not $expected"
    swapoff /dev/zram0 2>/dev/null
    echo 1 2>/dev/null >/sys/block/zram0/reset
done
END
is 'each form reaches the simulated kernel' '' "$(run --block-device file -- sh "$work/each.sh" "$work" <<'END'
rmmod zram|gone
rmmod zram foo|gone
rmmod foo zram|gone
rmmod -f -v zram|gone
rmmod ./zram.ko|gone
rmmod -- zram|gone
modprobe -r zram|gone
modprobe -r loop zram|gone
modprobe -C x -r zram|gone
modprobe -rC x zram|gone
modprobe --config=x --remove zram|gone
modprobe zram -r|gone
modprobe -S 6.1 -d / -r zram|gone
MODPROBE_OPTIONS=-r modprobe zram|gone
modprobe -nr zram|loaded
modprobe -ar loop zram|gone
insmod $1/m/zram.ko|loaded
insmod $1/m/other.ko num_devices=1|loaded
modprobe -a loop zram|loaded
swapon zram0|swap
swapon ./zram0|swap
swapon /dev/../dev/zram0|swap
swapon $1/link|swap
swapon $1/folder/zram0|swap
swapon -p 5 /dev/zram0|swap
swapon -p5 zram0|swap
swapon --priority=5 -- zram0|swap
swapon -o pri=5 zram0|swap
swapon -L mine|swap
swapon LABEL=mine|swap
swapon UUID=01234567-89ab-cdef-0123-456789abcdef|swap
swapon -U 01234567-89AB-CDEF-0123-456789ABCDEF|swap
swapon -e /dev/zram0 /dev/zram77|swap
swapoff zram0|loaded
swapoff -v ./zram0|loaded
swapoff -L mine|loaded
swapoff -a|loaded
swapoff $1/link|loaded
END
)"
is 'all of them were tried' 38 "$(grep -c . "$work/states")"
is 'the hosts tools never hear of zram' '' "$(grep -E 'zram|/m/|mine|01234567|link|^swap.* -a' "$calls" | grep -v '^modinfo -F name -- .*other.ko$' | sort -u)"
is 'what is the hosts is left to it' 1 "$(grep -c '^rmmod -- foo$' "$calls" | sed 's/[1-9][0-9]*/1/')"

# As block devices: by another name of the same device, and what lies upon it.
if [[ -c /dev/loop-control ]]; then
    : >"$calls"
    is 'a loop device by its own name' 'swap refused' "$(run -- sh -c '
        echo 32M >/sys/block/zram0/disksize; mkswap /dev/zram0 >/dev/null
        mkdir '"$work"'/nodes; mknod '"$work"'/nodes/x b $(stat -c "0x%t 0x%T" /dev/zram0); cd '"$work"'/nodes
        swapon x; grep -q /dev/zram0 /proc/swaps && echo swap; swapoff x
        mkfs.ext4 -q /dev/zram0; mkdir '"$work"'/fs; mount /dev/zram0 '"$work"'/fs
        dd if=/dev/zero of='"$work"'/fs/file bs=64k count=4 2>/dev/null; mkswap '"$work"'/fs/file >/dev/null 2>&1
        swapon '"$work"'/fs/file 2>/dev/null || echo refused; umount '"$work"'/fs' 2>"$work/err" | xargs)"
    is 'nor do they hear of that' '' "$(grep -E '^swap' "$calls")"
fi
