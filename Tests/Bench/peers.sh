# The disk of zramfs and those of its peers, sourced: start_targets PATH-TO-ZRAMFS MIB. Leaves in the arrays
#   targets  names, ours first        disk[NAME]  the path to read and write
#   pids[NAME]  the daemons            missing     peers that are not there, with the reason
# Wants $work and $helpers. shellcheck shell=bash
declare -A disk=() pids=()
targets=() missing=() mounts=()
hot=''

wait_for() { local i; for ((i = 0; i < 500; i++)); do [[ -e $1 ]] && return; sleep 0.01; done; return 1; }

stop_targets() {
    local mount pid
    for mount in "${mounts[@]}"; do umount "$mount" 2>/dev/null || umount -l "$mount" 2>/dev/null; done
    # shellcheck disable=SC2086
    for pid in ${pids[*]}; do kill "$pid" 2>/dev/null; done
    wait
    [[ -z $hot ]] || { echo 1 >"/sys/block/zram$hot/reset"; echo "$hot" >/sys/class/zram-control/hot_remove; }
}

add() { # NAME DISK PID...: a target that has come up, or one that has not
    local name=$1
    disk[$name]=$2
    shift 2
    pids[$name]=$*
    if wait_for "${disk[$name]}"; then targets+=("$name"); else missing+=("$name (did not start)"); fi
}

start_targets() {
    local zramfs=$1 mib=$2 name
    mkdir -p "$work/ours" "$work/ram" "$work/nbd"
    "$zramfs" mount -f -o policy=5.16 "$work/ours" 2>"$work/ours.log" & pids[zramfs]=$!
    mounts+=("$work/ours")
    wait_for "$work/ours/zram0/disksize" || { cat "$work/ours.log"; return 1; }
    echo "${mib}M" >"$work/ours/zram0/disksize"
    add zramfs "$work/ours/dev/zram0" "${pids[zramfs]}"

    if [[ -e /sys/class/zram-control/hot_add && $(id -u) == 0 ]]; then
        hot=$(</sys/class/zram-control/hot_add)
        echo lz4 2>/dev/null >"/sys/block/zram$hot/comp_algorithm" || missing+=('lz4 in the kernel zram')
        echo "${mib}M" >"/sys/block/zram$hot/disksize"
        add kernel "/dev/zram$hot"
    else
        missing+=('kernel zram (needs root and the zram module)')
    fi

    "$helpers/rawram_ll" "$mib" "$work/ram" 2>/dev/null & mounts+=("$work/ram")
    add rawram "$work/ram/disk" $!

    if command -v qemu-storage-daemon qemu-img >/dev/null; then
        qemu-img create -q -f qcow2 "$work/qcow2" "${mib}M"
        : >"$work/export"
        qemu-storage-daemon --blockdev driver=file,node-name=f,filename="$work/qcow2" \
            --blockdev driver=qcow2,node-name=q,file=f \
            --export type=fuse,id=e,node-name=q,mountpoint="$work/export",writable=on 2>/dev/null &
        mounts+=("$work/export")
        pids[qcow2]=$!
        for ((i = 0; i < 300; i++)); do [[ -s $work/export ]] && break; sleep 0.01; done
        add qcow2 "$work/export" "${pids[qcow2]}"
    else
        missing+=('qemu-storage-daemon (qemu-system-common), qemu-img (qemu-utils)')
    fi

    if command -v nbdkit nbdfuse >/dev/null; then
        nbdkit -f -U "$work/nbd.sock" memory size="${mib}M" allocator=zstd 2>/dev/null & pids[nbdkit]=$!
        if wait_for "$work/nbd.sock"; then
            nbdfuse "$work/nbd" "nbd+unix:///?socket=$work/nbd.sock" 2>/dev/null & mounts+=("$work/nbd")
            add nbdkit "$work/nbd/nbd" "${pids[nbdkit]}" $!
        else
            missing+=('nbdkit (did not start)')
        fi
    else
        missing+=('nbdkit, nbdfuse (libnbd-bin)')
    fi
    for name in "${missing[@]}"; do echo "missing: $name"; done
}

# CPU time of a target's daemons so far, in ms.
cpu_of() { # NAME
    local pid total=0 line
    for pid in ${pids[$1]}; do
        line=$(<"/proc/$pid/stat") || continue
        # shellcheck disable=SC2086
        set -- ${line##*) }
        total=$((total + (${12} + ${13}) * 10))
    done
    echo "$total"
}

# Resident memory of a target's daemons, in KiB.
resident_of() { # NAME
    local pid total=0
    for pid in ${pids[$1]}; do
        total=$((total + $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null || echo 0)))
    done
    echo "$total"
}

# Median, lowest and highest of the numbers on standard input.
spread() { sort -n | awk '{ v[NR] = $1 } END { printf "%.2f (%.2f-%.2f)", v[int((NR + 1) / 2)], v[1], v[NR] }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.0f", v[int((NR + 1) / 2)] }'; }
