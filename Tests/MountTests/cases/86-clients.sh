#!/usr/bin/env bash
# Programs that nobody here wrote, unmodified: as on the host's own zram, where the host has one.
# limit: 240
. "$(dirname "$0")/../lib.sh"
needRoot
need zramctl zramswap fio stress-ng mkfs.ext4 fstrim swapon htop script
[[ -c /dev/loop-control ]] || skip '/dev/loop-control'
generator=/usr/lib/systemd/system-generators/zram-generator
[[ -x $generator ]] || skip 'systemd-zram-generator'
export TMPDIR=$work
run() { timeout -k 2 60 "$ZRAMFS" run --abi 6.18 "$@"; }

run -- "$here/clients.sh" >"$work/ours" 2>"$work/err"; is 'what people do' 0 $?
is 'all of it succeeds, but for what is busy' 4 "$(grep -c -x -e '-> [^0].*' "$work/ours")"
if [[ $(uname -r) == 6.* && -e /sys/class/zram-control/hot_add ]]; then
    "$here/clients.sh" >"$work/hosts" 2>&1
    diff "$work/hosts" "$work/ours"; is 'the same on the host' 0 $?
else
    echo 'the host has no zram of its own to compare with'
fi

# shellcheck disable=SC2016
is 'zramswap' '/dev/zram0 lz4 256M [SWAP] /dev/zram0 100 gone' "$(run --unloaded -- bash -c '
    zramswap start >&2; zramctl -n -o NAME,ALGORITHM,DISKSIZE,MOUNTPOINT; swapon --show=NAME,PRIO --noheadings
    zramswap stop >&2; [[ ! -e /dev/zram0 ]] && echo gone' 2>"$work/err" | xargs)"
printf '[zram0]\nzram-size = 64\ncompression-algorithm = lz4\n' >"$work/zram-generator.conf"
# shellcheck disable=SC2016
is 'zram-generator' '67108864 lz4 0' "$(run -- bash -c '
    touch /etc/systemd/zram-generator.conf; mount --bind "$1" /etc/systemd/zram-generator.conf
    "$2" --setup-device zram0 >&2; cat /sys/block/zram0/disksize; zramctl -n -o ALGORITHM
    "$2" --reset-device zram0 >&2; cat /sys/block/zram0/disksize
    ' - "$work/zram-generator.conf" "$generator" 2>"$work/err.generator" | xargs)" || cat "$work/err.generator"
run -- timeout 60 stress-ng --sysfs 1 --timeout 3 >"$work/stress" 2>&1; is 'stress-ng --sysfs' 0 $?
grep -q 'successful run' "$work/stress"; is 'is content' 0 $?
printf '%s\n' fields=0 htop_version=3.2.2 config_reader_min_version=3 header_layout=two_50_50 \
    column_meters_0=Zram column_meter_modes_0=2 column_meters_1=Tasks column_meter_modes_1=2 >"$work/htoprc"
# shellcheck disable=SC2016
is "htop's meter" 'zrm:64.0M used:10.0M uncompressed:10.0M' "$(HTOPRC=$work/htoprc run -- bash -c '
    echo 64M >/sys/block/zram0/disksize; dd if=/dev/urandom of=/dev/zram0 bs=1M count=10 conv=fsync 2>/dev/null
    (sleep 1; printf q) | TERM=xterm COLUMNS=100 LINES=20 script -qec htop /dev/null' |
    sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g; s/\x1b(B//g' | tr '\r' '\n' | grep -a -m 1 -o 'zrm:[^T]*')"
# shellcheck disable=SC2016
is 'a session in a shell' 'zram0 zram1 64M ext4 hello' "$(run -- bash -c '
    cat /sys/class/zram-control/hot_add >/dev/null; cd /sys/block && echo zram*
    cd zram1 && echo zstd >comp_algorithm && echo 64M >disksize && lsblk -n -d -o SIZE /dev/zram1
    mkfs.ext4 -q /dev/zram1; m=$(mktemp -d); mount /dev/zram1 "$m"; echo hello >"$m/x"
    blkid -p -o value -s TYPE /dev/zram1; findmnt -n -o FSTYPE "$m" >&2; cat "$m/x"; umount "$m"; rmdir "$m"' 2>"$work/err" | xargs)"
stop=$(pgrep -c zramswap); is 'nobody is left' 0 "$stop"
