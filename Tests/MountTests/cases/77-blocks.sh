#!/usr/bin/env bash
# Every block of README, docs, manual pages and --help, run as it stands. Its mark says what is expected:
#   (none), or STATUS...   the block ends with one of these; without a mark, or with 0 alone, no command in it fails
#   hangs                  a deadlock of the simulated kernel; Ctrl-C ends the block
#   lines STATUS... [late=WORD,WORD]   each line is a command; one with such a WORD in it may be cut short
#   ...; POLICY: STATUS... the same block with this policy in place of the one that it names
#   not run, ... | a ... | output      no commands, or too long: for a person to decide, who adds a block
# BLOCKS: only documents with this in their name.
# limit: 300
. "$(dirname "$0")/../lib.sh"
needRoot
need unshare setpriv mkfs.ext4
[[ -x ${ZRAMFS:-} ]] || skip 'ZRAMFS'
[[ -c /dev/fuse ]] || skip '/dev/fuse'

# A mount and a pid namespace for each document: with its first process all that a block started is gone.
if [[ -z ${DOCUMENT:-} ]]; then
    documents=("$repository/README.md" "$repository/CONTRIBUTING.md" "$repository"/docs/*.md "$repository"/docs/man/* help)
    for DOCUMENT in "${documents[@]}"; do
        [[ $DOCUMENT == *"${BLOCKS:-}"* ]] || continue
        export DOCUMENT
        mkdir "$work/own"
        CASE_DIR=$work/own unshare -mpf --kill-child --mount-proc --propagation private "$0" || failures=$((failures + 1))
        rm -rf --one-file-system "$work/own"
    done
    exit
fi

# Mounts of others, which the new namespace has copies of.
while IFS= read -r mount; do umount -l "$mount"; done < <(awk '/ - fuse\.zramfs / { print $5 }' /proc/self/mountinfo)
place=$work/place
mkdir -p "$work/bin" "$place"
ln -s "$(realpath "$ZRAMFS")" "$work/bin/zramfs"
# Where there is no sudo: for "sudo -u nobody".
command -v sudo >/dev/null || printf '#!/bin/sh\nshift 2\nexec setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"\n' >"$work/bin/sudo"
chmod 755 "$work/bin"/*
export PATH=$work/bin:$PATH:/usr/sbin:/sbin
mount -t tmpfs none /mnt || skip 'a tmpfs over /mnt'
# mount(8) and umount(8) look for their helpers at one place only.
sbin=$(realpath /sbin)
mkdir "$work/upper" && mount -t tmpfs none "$work/upper" && mkdir "$work/upper/files" "$work/upper/work"
hasHelpers=''
if mount -t overlay none -o "lowerdir=$sbin,upperdir=$work/upper/files,workdir=$work/upper/work" "$sbin" 2>/dev/null; then
    ln -s "$(realpath "$ZRAMFS")" "$sbin/mount.fuse.zramfs"
    ln -s "$(realpath "$ZRAMFS")" "$sbin/umount.fuse.zramfs"
    hasHelpers=1
fi

# What the examples name.
provide() {
    rm -rf "$place" && mkdir "$place" && cd "$place" || exit 1
    chmod 755 "$place"
    ln -s "$repository/Fixtures" "$repository/docs" .
    mkdir my-scenario
    echo 'cat $1/zram0/disksize' >my-scenario/reader.sh
    echo 'echo zram > $1/debug/delete_module' >my-scenario/remover.sh
    printf '#!/bin/sh\nfor i in 1 2 3; do echo 1M > /sys/block/zram0/disksize; echo 1 > /sys/block/zram0/reset; done 2>/dev/null; exit 0\n' >zram02.sh
    cat >race.sh <<'RACE'
#!/bin/bash
loop() { for ((i = 0; i < 20; i++)); do echo 1M > /sys/block/zram0/disksize; echo 1 > /sys/block/zram0/reset; done 2>/dev/null; }
loop & loop & wait
RACE
    cp race.sh my-script.sh
    chmod 755 ./*.sh
    truncate -s 2M rootfs.ext4
    mkfs.ext4 -q -F rootfs.ext4
    mkdir -p /mnt/z /mnt/d
}

# Everything back to before, whatever a block has done.
tidy() {
    local try
    umount -q -l /mnt/d
    for ((try = 0; try < 5; try++)); do
        is_mounted /mnt/z || break
        echo b >/mnt/z/sysrq-trigger
        bounded 5 zramfs umount /mnt/z && break
        umount -l /mnt/z
    done >/dev/null 2>&1
    cd /
}

# Runs a script in a session of its own, what it says in $work/said; its status, or 124. $leader is its process group.
session() { # SECONDS WORD-OF-BASH...
    local seconds=$1
    shift
    # What runs in the background of a script ignores Ctrl-C, and so would all that it starts.
    setsid env --default-signal=INT bash "$@" >"$work/said" 2>&1 </dev/null &
    leader=$!
    wait_until "! kill -0 $leader 2>/dev/null" "$seconds" || return 124
    wait "$leader"
}
end_session() { kill -KILL -- "-$leader" 2>/dev/null; wait "$leader" 2>/dev/null; }

judge() { # WHAT STATUS EXPECTED...
    local what=$1 status=$2
    shift 2
    if [[ " $* " == *" $status "* ]]; then ok "$what: $status"; return; fi
    fail "$what: expected $*, got $status"
    sed 's/^/    /' "$work/said" | tail -n 20
}

hangs() { # WHAT FILE
    local status=0
    session 1 "$2" || status=$?
    wait_until 'grep -q -x "deadlocks [1-9]" /mnt/z/debug/counts 2>/dev/null' 40 || fail "$1: no deadlock"
    kill -0 "$leader" 2>/dev/null || fail "$1: ended, with $status"
    kill -INT -- "-$leader" 2>/dev/null
    wait_until "! kill -0 $leader 2>/dev/null" 15 || fail "$1: Ctrl-C does not end it"
    ok "$1: hangs, until Ctrl-C"
}

lines() { # WHAT FILE STATUS... [late=WORDS]
    local what=$1 file=$2 late='' line word seconds expected status
    shift 2
    [[ ${*: -1} != late=* ]] || { late=${*: -1}; late=${late#late=}; set -- "${@:1:$#-1}"; }
    while IFS= read -r line <&3; do
        [[ -n ${line%%#*} ]] || continue
        seconds=40 expected=$*
        for word in ${late//,/ }; do [[ $line != *"$word"* ]] || { seconds=4; expected="$* 124"; }; done
        status=0
        session "$seconds" -c "$line" || status=$?
        end_session
        judge "$what: $line" "$status" "$expected"
    done 3<"$file"
}

run_block() { # WHAT FILE EXPECTED [STRICTLY: no command fails]
    local what=$1 file=$2 status=0 strictly=${4:-}
    # shellcheck disable=SC2086
    set -- $3
    case ${1:-} in
    hangs) hangs "$what" "$file" ;;
    lines) lines "$what" "$file" "${@:2}" ;;
    *)
        if [[ -n $strictly && ${*:-0} == 0 ]]; then session 60 -e "$file" || status=$?; else session 60 "$file" || status=$?; fi
        judge "$what" "$status" "${@:-0}"
        [[ $status != 124 ]] || end_session
        ;;
    esac
}

# Each example of --help stands for itself: what it needs is there. Statuses as of "lines".
example() { # COMMAND LINE
    local line=$2 expected='0 1' status=0 seconds=40 policy
    tidy
    provide
    case $1 in
    run) expected='0 120 121 122 123' ;;
    mount | umount | rmmod | modprobe | lsmod | policies) expected=0 ;;
    image)
        [[ $line == 'zramfs image import'* ]] || zramfs image import rootfs.ext4 disk.img
        if [[ $line == *qcow2* ]]; then
            command -v qemu-img >/dev/null || { echo "not run, without qemu-img: $line"; return; }
            qemu-img convert -q -f raw -O qcow2 rootfs.ext4 debian.qcow2
        fi
        ;;
    esac
    # The daemon in the foreground, a shell that nobody types to, and what takes long.
    case $line in *' -f '* | *' bash' | 'zramfs matrix'* | *verify-proof* | *odds* | *conform*) expected="$expected 124"; seconds=5 ;; esac
    policy=$(sed -n 's/.*--policy \([^ ;]*\).*/\1/p' <<<"$line")
    case $line in
    'mount '* | *'zramfs mount'*) ;;
    *) [[ $line != *rmmod* && $line != *modprobe* && $line != *lsmod* && $line != */mnt/z* ]] || zramfs mount ${policy:+--policy "$policy"} /mnt/z ;;
    esac
    case $line in *umount* | *' run '*) ;; *modprobe*) zramfs rmmod zram ;; esac
    session "$seconds" -c "${line/SCHEDULE/$schedule}" || status=$?
    [[ $status != 124 ]] || end_session
    # shellcheck disable=SC2086
    judge "$1 --help: $line" $status $expected
}

document() { # NAME KIND FILE
    local name=$1 kind=$2 text=$3 block mark main variant policy n=0
    rm -rf "$work/blocks" && mkdir "$work/blocks"
    awk -v kind="$kind" -v out="$work/blocks" -f "$here/blocks.awk" "$text"
    provide
    for block in "$work/blocks"/??; do
        [[ -e $block ]] || continue
        n=$((n + 1))
        mark=$(<"$block.expect")
        case $mark in 'not run, '* | 'a '* | output) continue ;; esac
        if grep -q SCHEDULE "$block"; then
            schedule=$(zramfs explore disksize-vs-rmmod --policy v8-11 | sed -n 's/^  schedule  \([^ ]*\).*/\1/p' | head -n 1)
            sed -i "s/SCHEDULE/$schedule/" "$block"
        fi
        if [[ -z $hasHelpers ]] && grep -q -E '^u?mount .*/mnt/z' "$block"; then
            echo "not run, the host has no overlayfs: $name, block $n"
            continue
        fi
        main=${mark%%;*}
        if [[ $mark == *';'* ]]; then
            while IFS= read -r variant; do
                policy=${variant%%:*}
                sed "s/policy=[^ ]*/policy=$policy/" "$block" >"$block.policy"
                run_block "$name, block $n, $policy" "$block.policy" "${variant#*: }"
                end_session
                tidy
                cd "$place" || exit 1
            done < <(tr ';' '\n' <<<"${mark#*;}" | sed 's/^ *//')
        fi
        run_block "$name, block $n" "$block" "$main" strictly
    done
    tidy
}

help_of() { # COMMAND [SUBCOMMAND]
    rm -rf "$work/blocks" && mkdir "$work/blocks"
    # shellcheck disable=SC2086
    COLUMNS=200 zramfs ${1#zramfs} ${2:-} --help >"$work/help" 2>&1
    awk -v kind=help -v out="$work/blocks" -f "$here/blocks.awk" "$work/help"
    if [[ $1 == zramfs ]]; then
        provide
        head -n 3 "$work/blocks/01" >"$work/first"
        for policy in v8 5.16; do
            sed "s/policy=v8-11/policy=$policy/" "$work/first" >"$work/first.policy"
            run_block "zramfs --help, $policy" "$work/first.policy" '0 32'
            end_session
            tidy
            cd "$place" || exit 1
        done
        run_block 'zramfs --help' "$work/first" hangs
        tail -n +4 "$work/blocks/01" >"$work/rest"
        run_block 'zramfs --help, the way out' "$work/rest" 0 strictly
        return
    fi
    while IFS= read -r line <&4; do example "$1" "$line"; done 4<"$work/blocks/01"
}
subcommands() { awk '/^SUBCOMMANDS/ { on = 1; next } on && /^  [a-z]/ { print $1 }'; }

case $DOCUMENT in
help)
    help_of zramfs
    schedule=$(zramfs explore disksize-vs-rmmod --policy v8-11 | sed -n 's/^  schedule  \([^ ]*\).*/\1/p' | head -n 1)
    for command in $(zramfs --help | subcommands); do
        help_of "$command"
        for word in $(zramfs "$command" --help | subcommands); do help_of "$command" "$word"; done
    done
    tidy
    ;;
*.md) document "${DOCUMENT##*/}" md "$DOCUMENT" ;;
*) document "${DOCUMENT##*/}" man "$DOCUMENT" ;;
esac
# All that is left goes with the namespace.
exit
