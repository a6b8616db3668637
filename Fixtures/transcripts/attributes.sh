#!/bin/bash
# Prints what a program can notice of one fresh zram device and of zram-control, the same text for every correct
# implementation of Linux 6.18's zram: attributes.sh SYSDIR CONTROLDIR DISK
#
#   attributes.sh /sys/block/zram7 /sys/class/zram-control /dev/zram7
#
# SYSDIR is a fresh device (nothing written yet) that nobody else uses, its last component zramN; it is left reset.
# Adds and removes further devices. Runs as root; needs attrprobe in PATH or in $ATTRPROBE. Parts are in attributes.d.
# Supposes the algorithm lz4 and another one, ids of one digit and no device 999.
set -u
export LC_ALL=C
sys=$(realpath "${1:?SYSDIR}")
control=$(realpath "${2:?CONTROLDIR}")
disk=${3:?DISK}
here=$(cd "$(dirname "$0")" && pwd)
probe=${ATTRPROBE:-attrprobe}
A=${sys##*/zram}
B='' # a device added by a part; its id differs from host to host, so it is printed as zramB

# Ids, numbers of devices and everything that counts devices since boot differ between hosts.
normalise() {
    sed -E -e "s/zram$A\b/zramA/g" ${B:+-e "s/zram$B\b/zramB/g"} -e 's/MAJOR=[0-9]+/MAJOR=M/; s/MINOR=[0-9]+/MINOR=N/' \
        -e 's/DISKSEQ=[0-9]+/DISKSEQ=S/'
}

title() { printf '\n== %s\n' "$*"; }
line() { printf '%s\n' "$*" | normalise; }

# p ATTRIBUTE FLAGS OP...
p() {
    local name=$1
    shift
    "$probe" "$sys/$name" "$@" | normalise
}
pc() { # the same on zram-control
    local name=$1
    shift
    "$probe" "$control/$name" "$@" | normalise
}
pd() { # the same on the disk
    "$probe" -n disk "$disk" "$@" | normalise
}
asUser() { # p as somebody without rights
    local name=$1
    shift
    "$probe" -u 65534 "$sys/$name" "$@" | normalise
}

# Each value written through a descriptor of its own.
stores() { # ATTRIBUTE VALUE...
    local name=$1 value
    shift
    for value in "$@"; do p "$name" w "write:$value"; done
}

quietly() { # ATTRIBUTE VALUE: a step towards a state, not itself of interest unless it fails
    local result
    result=$("$probe" -e "$sys/$1" w "write:$2")
    [[ $result == ok ]] || line "setup failed: $1 <- $2: $result"
}

show() { local name; for name in "$@"; do p "$name" r read:4096; done; }

# comp_algorithm: which algorithms exist is the implementation's choice; the form of the line is not.
selected() { sed -E -n 's/.*\[([^]]*)\].*/\1/p' "$sys/comp_algorithm"; }
default=$(selected)
other=lz4
[[ $default != lz4 ]] || other=$(tr -d '[]' <"$sys/comp_algorithm" | tr ' ' '\n' | grep -v -x -e "$default" -e '' | head -n 1)
anyAlgorithm() { # the two names and what counts their letters, masked
    sed -E -e "s/\b$other\b/OTHER/g; s/\b${other^^}\b/UPPER/g; s/\b$default\b/DEFAULT/g; s/writev\(${other:0:1}\|${other:1}\)/writev(OTHER)/" \
        -e "s/write\(${other%?}\)/write(SHORT)/; s/(write\(.*|writev\()(OTHER|DEFAULT)(.*)=[0-9]+$/\1\2\3=N/"
}
algorithm() {
    local text now form=bad
    text=$("$probe" "$sys/comp_algorithm" r read:4096)
    [[ $text =~ =[0-9]+\"((\[[-a-z0-9]+\]|[-a-z0-9]+)\ )+\\n\"$ ]] && form=good
    now=$(selected)
    case $now in "$default") now=default ;; "$other") now=OTHER ;; esac
    line "comp_algorithm: form $form, selected ${now:-none}"
}

# Of mm_stat, what the compressor and the allocator decide is masked; what must hold between the columns is not.
memory() {
    line "mm_stat: $(awk 'NF == 9 { print "orig", $1, "compr", ($2 > 0 ? ">0" : 0), "total", ($3 >= $2 ? ">= compr" : "< compr"),
        "limit", $4, "max", ($5 >= $3 ? ">= total" : "< total"), "same", $6, "compacted #", "huge", $8, "since", $9; next }
        { print "not nine fields" }' "$sys/mm_stat")"
}

state() { show disksize initstate size; algorithm; memory; }

for part in "$here"/attributes.d/*.sh; do
    # shellcheck source=/dev/null
    source "$part"
done
