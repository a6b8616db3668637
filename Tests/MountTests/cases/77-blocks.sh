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
    documents=("$repository/README.md" "$repository/CONTRIBUTING.md" "$repository"/docs/*.md "$repository"/docs/man/*)
    for DOCUMENT in "${documents[@]}"; do
        [[ $DOCUMENT == *"${BLOCKS:-}"* ]] || continue
        export DOCUMENT
        mkdir "$work/own"
        CASE_DIR=$work/own unshare -mpf --kill-child --mount-proc --propagation private "$0" || failures=$((failures + 1))
        rm -rf --one-file-system "$work/own"
    done
    exit
fi

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
    mkdir -p /mnt/z
}

# Everything back to before, whatever a block has done.
tidy() {
    local try
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

# What the examples of --help want, where it is not 0 or 1 for each line.
help_mark() { # COMMAND
    case $1 in
    zramfs) echo 'hangs; v8: 0 32; 5.16: 0' ;;
    run) echo 'lines 0 120 121 122 123 late=bash' ;;
    mount | umount | rmmod | modprobe | lsmod) echo 'lines 0' ;;
    *) echo 'lines 0 1 late=matrix,conform,odds,--all-patches' ;;
    esac
}
# Before each line of these something must be there, or not.
prepare() { # COMMAND
    case $1 in
    umount | rmmod | modprobe | lsmod) zramfs mount /mnt/z ;;
    image) zramfs image import rootfs.ext4 disk.img ;;
    esac
}

document() { # NAME KIND FILE [MARK]
    local name=$1 kind=$2 text=$3 block mark main variant policy n=0
    rm -rf "$work/blocks" && mkdir "$work/blocks"
    awk -v kind="$kind" -v out="$work/blocks" -f "$here/blocks.awk" "$text"
    provide
    for block in "$work/blocks"/??; do
        [[ -e $block ]] || continue
        n=$((n + 1))
        mark=${4:-$(<"$block.expect")}
        case $mark in 'not run, '* | 'a '* | output) continue ;; esac
        [[ $kind != help ]] || { tidy; provide; prepare "$name" >/dev/null 2>&1; }
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

case $DOCUMENT in
help)
    for command in zramfs $(zramfs --help | awk '/^SUBCOMMANDS/ { on = 1; next } on && /^  [a-z]/ { print $1 }'); do
        COLUMNS=200 zramfs help ${command/#zramfs/} >"$work/help" 2>&1
        document "$command" help "$work/help" "$(help_mark "$command")"
    done
    ;;
*.md) document "${DOCUMENT##*/}" md "$DOCUMENT" ;;
*) document "${DOCUMENT##*/}" man "$DOCUMENT" ;;
esac
# All that is left goes with the namespace.
exit
