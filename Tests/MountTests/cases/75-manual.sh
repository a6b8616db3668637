#!/usr/bin/env bash
# Man pages and completions: they install, parse, name every subcommand and mount option, and go away again.
. "$(dirname "$0")/../lib.sh"
need mandoc zsh fish
[[ -x ${ZRAMFS:-} ]] || skip 'ZRAMFS'
extras=$here/../../Packaging/install-extras pages=$here/../../docs/man share=$work/share
# The examples come first, against convention.
mandoc -T lint -W warning "$pages"/* | grep -v 'out of conventional order' >"$work/lint"
is 'mandoc complains of' '' "$(<"$work/lint")"

"$extras" "$ZRAMFS" "$share"; is 'installing exits with' 0 $?
bash -n "$share/bash-completion/completions/zramfs"; is 'bash reads its completions' 0 $?
zsh -n "$share/zsh/vendor-completions/_zramfs"; is 'zsh reads its completions' 0 $?
fish -n "$share/fish/vendor_completions.d/zramfs.fish"; is 'fish reads its completions' 0 $?
for page in 1/zramfs.1 5/zramfs-scenario.5 8/mount.fuse.zramfs.8 8/umount.fuse.zramfs.8; do
    gzip -dc "$share/man/man$page.gz" | mandoc -T utf8 >/dev/null; is "the page $page formats" 0 $?
done
completed=$(bash -c '. "$1"; COMP_WORDS=(zramfs "") COMP_CWORD=1 COMP_LINE="zramfs " COMP_POINT=7
    $(complete -p zramfs | sed "s/.*-F \([^ ]*\).*/\1/") zramfs "" zramfs; echo "${COMPREPLY[*]}"' - \
    "$share/bash-completion/completions/zramfs")
for command in $("$ZRAMFS" --help | awk '/^SUBCOMMANDS/ { on = 1; next } on && /^  [a-z]/ { print $1 }' | grep -v '^See$'); do
    grep -q "^\.It Cm.* \?$command\|, Cm $command" "$pages/zramfs.1" || fail "zramfs(1) does not name $command"
    [[ " $completed " == *" $command "* ]] || fail "bash does not complete $command but: $completed"
done
# Words that only the program knows.
ln -s "$(realpath "$ZRAMFS")" "$work/zramfs"
completes() { # EXPECTED WORD... the last of which is begun
    # shellcheck disable=SC2016
    is "${*:2} is completed" "$1" "$(cd "$repository" && PATH=$work:$PATH bash -c '. "$1"; shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        $(complete -p zramfs | sed "s/.*-F \([^ ]*\).*/\1/") zramfs "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[*]}"' - \
        "$share/bash-completion/completions/zramfs" "${@:2}")"
}
completes v8-11 zramfs explore x --policy v8-
completes two-removers zramfs replay x --scenario two
completes test_firmware zramfs modprobe test_f
completes sync-blockdev zramfs mount --patches sync
# What mount --help lists, the page has.
for option in $("$ZRAMFS" help mount | sed -n '/^Options of -o/,/^USAGE/s/^  \([a-z_]*\)[= ].*/\1/p'); do
    grep -q "^\.It Cm $option" "$pages/mount.fuse.zramfs.8" || fail "mount.fuse.zramfs(8) does not name $option"
done
"$extras" --remove "$share"
is 'what is left after removal' '' "$(find "$share" -type f -o -type l)"
