# What the race scripts share; sourced by each with the mount point as $1. Plain echo and cat on knobs.
Z=${1:?usage: $0 MOUNTPOINT}
P=$Z/debug/points
title=$(sed -n '2s/^# //p' "$0")
failed=0

[ -d "$P" ] || { echo "$Z is no zramfs mount, or not yours"; exit 2; }

# The lines of the kernel's log that were there before do not count.
before=$(wc -l < "$Z/debug/kmsg")
log() { tail -n +$((before + 1)) "$Z/debug/kmsg"; }

hold() { point=$1; shift; echo "hold $*" > "$P/$point"; } # POINT [fn=FUNCTION]: stop the next task that comes there
reached() { echo wait > "$P/$1"; }                        # POINT: until a task stands there
go() { echo go > "$P/$1"; }                               # POINT: let it on

rmmod() { echo zram > "$Z/debug/delete_module"; }
modprobe() { echo "zram $*" > "$Z/debug/init_module"; }

start() { # NAME COMMAND...: run in the background; its errors go to a file
    name=$1; shift
    # A shell of its own: an oops kills who made the system call, as the kernel's does.
    { ("$@"); echo $? > "$tmp/$name.status"; } 2> "$tmp/$name.errors" &
    eval "pid_$name=$!"
}
put() { echo "$1" > "$2"; } # echo with a redirection, as a command

status() { cat "$tmp/$1.status" 2>/dev/null; }
# Not in a subshell: only the shell that started it can wait for it.
finished() { eval "wait \$pid_$1" 2>/dev/null; } # NAME

say() { if [ "$1" = 0 ]; then echo "  ok    $2"; else echo "  FAIL  $2"; failed=1; fi; }
ends() { finished "$1"; [ "$(status "$1")" = "$2" ]; say $? "$1 ends with status $2 ($(tr '\n' ' ' < "$tmp/$1.errors"))"; }   # NAME STATUS
hangs() { eval "kill -0 \$pid_$1" 2>/dev/null && [ -z "$(status "$1")" ]; say $? "$1 hangs"; }
errs() { grep -q "$2" "$tmp/$1.errors"; say $? "$1 says: $2"; }             # NAME TEXT
logged() { log | grep -q -e "$1"; say $? "the log says: $1"; }              # TEXT
silent() { ! log | grep -q -e "$1"; say $? "the log does not say: $1"; }
gives() { # STATUS TEXT COMMAND...: run it now
    expected=$1 text=$2; shift 2
    ("$@") > "$tmp/out" 2>&1
    got=$?
    [ "$got" = "$expected" ] && { [ -z "$text" ] || grep -q -e "$text" "$tmp/out"; }
    say $? "$* gives $expected${text:+, $text} ($(tr '\n' ' ' < "$tmp/out"))"
}

# Whatever happened: a fresh instance under the same mount, and nobody left behind.
finish() {
    trap - EXIT INT TERM
    for point in $held_points; do echo clear > "$P/$point" 2>/dev/null; done
    echo b > "$Z/sysrq-trigger"
    wait
    rm -rf "$tmp"
    [ "$failed" = 0 ] || { echo "FAIL $title"; exit 1; }
    echo "ok   $title"
    exit 0
}
tmp=$(mktemp -d) || exit 2
held_points=
trap 'failed=1; finish' EXIT INT TERM
echo "$title"
