# hot_add and hot_remove, and descriptors that outlive their device. Sourced by attributes.sh.

devices() { find "$(dirname "$sys")" -maxdepth 1 -regex '.*/zram[0-9]+' | wc -l; }
made() { # COMMAND...: how many devices it made; they are removed again
    local before after id
    before=$(find "$(dirname "$sys")" -maxdepth 1 -regex '.*/zram[0-9]+' | sort)
    "$@" | sed -E 's/=[0-9]+"[0-9]+(\\n)?"/=N"ID\1"/g'
    after=$(find "$(dirname "$sys")" -maxdepth 1 -regex '.*/zram[0-9]+' | sort)
    line "  devices made: $(comm -13 <(echo "$before") <(echo "$after") | wc -l)"
    for id in $(comm -13 <(echo "$before") <(echo "$after")); do "$probe" -e "$control/hot_remove" w "write:${id##*zram}" | grep -v '^ok$'; done
}

title 'hot_add: one device for each show'
made pc hot_add r
made pc hot_add - stat access:r
made pc hot_add r read:4096
made pc hot_add r read:4096 read:4096
made pc hot_add r read:1 read:4096 read:4096 # an id of one digit is supposed
made pc hot_add r read:4096 lseek:0,set read:4096
made pc hot_add r pread@50:10
made pc hot_add r pread@0:10 pread@0:10 pread@0:10
made pc hot_add r read:0
made pc hot_add r lseek:1,set read:4096
made pc hot_add r poll
made pc hot_add r write:1

title 'hot_add takes the lowest free id'
one=$(<"$control/hot_add")
two=$(<"$control/hot_add")
line "hot_remove the first: $("$probe" -e "$control/hot_remove" w "write:$one")"
three=$(<"$control/hot_add")
line "it is taken again: $([[ $three == "$one" ]] && echo yes)"
line "removed: $("$probe" -e "$control/hot_remove" w "write:$two") $("$probe" -e "$control/hot_remove" w "write:$three")"

title 'hot_remove: kstrtoint'
remove() { # DATA with ID standing for the device's number; a fresh device each time it was accepted
    [[ -n $B ]] || B=$(<"$control/hot_add")
    line "hot_remove <- $1: $("$probe" -e "$control/hot_remove" w "write:${1//ID/$B}")"
    [[ -e $(dirname "$sys")/zram$B ]] || B=''
}
for value in '' '\n' x -1 '-1\n' 2147483647 2147483648 -2147483648 -2147483649 99999999999999999999 999 '999\n' 0x1 1.0 ' ID' 'ID ' 'ID\n\n' \
    '\nID' zramID 'ID,ID' ID 'ID\n' +ID 000ID 'ID\0' 'ID\0x'; do
    remove "$value"
done
[[ -n $B ]] || B=$(<"$control/hot_add")
line "hot_remove <- 5000 times x: $("$probe" -e "$control/hot_remove" w "write:%rep,5000,x")"
line "twice: $("$probe" -e "$control/hot_remove" w "write:$B" "write:$B")"
line "gone: $("$probe" -n sysdir "$(dirname "$sys")/zram$B" - stat) $("$probe" -n disk "$(dirname "$disk")/zram$B" - stat)"
B=''

title 'hot_remove and the state of the device'
B=$(<"$control/hot_add")
"$probe" "$(dirname "$sys")/zram$B/disksize" w write:1M
line "initialised with data:$("$probe" -n disk "$(dirname "$disk")/zram$B" rw write:%rep,65536,x) $("$probe" -e "$control/hot_remove" w "write:$B")"
B=$(<"$control/hot_add")
line "a new device of that id is fresh: $(<"$(dirname "$sys")/zram$B/disksize") $(awk '{ print $1, $4, $6 }' "$(dirname "$sys")/zram$B/mm_stat")"
"$probe" "$(dirname "$sys")/zram$B/disksize" w write:1M
"$probe" -n disk "$(dirname "$disk")/zram$B" r run:"$probe -e $control/hot_remove w write:$B" pread@0:4 | normalise
line "closed: $("$probe" -e "$control/hot_remove" w "write:$B")"
B=$(<"$control/hot_add")
"$probe" -n disk "$(dirname "$disk")/zram$B" r run:"$probe -e $control/hot_remove w write:$B" lseek:0,end | normalise
line "closed: $("$probe" -e "$control/hot_remove" w "write:$B")"

title 'a descriptor of an attribute outlives the device'
outlive() { # ATTRIBUTE FLAGS OP... with REMOVE and ADD as operations
    local name=$1 flags=$2 op ops=()
    shift 2
    B=$(<"$control/hot_add")
    for op in "$@"; do
        case $op in
        REMOVE) ops+=("run:printf $B >$control/hot_remove") ;;
        ADD) ops+=("run:cat $control/hot_add >/dev/null") ;;
        *) ops+=("$op") ;;
        esac
    done
    "$probe" "$(dirname "$sys")/zram$B/$name" "$flags" "${ops[@]}" | normalise
    [[ -e $(dirname "$sys")/zram$B ]] && "$probe" -e "$control/hot_remove" w "write:$B" | grep -v '^ok$'
}
outlive disksize rw REMOVE read:10 write:1M read:0 pread@0:10 pread@100:10
outlive disksize rw read:10 REMOVE read:10
outlive disksize rw REMOVE write:
outlive disksize r read:10 REMOVE lseek:0,set read:10
outlive debug_stat r read:3 REMOVE read:3 read:100 read:100 pread@0:3
outlive debug_stat r read:100 REMOVE pread@5:3 read:1
outlive initstate r REMOVE poll
outlive initstate r read:10 poll REMOVE poll
outlive disksize rw REMOVE lseek:0,end
outlive disksize rw REMOVE ftruncate:0 fallocate:0,0,1
outlive disksize rw REMOVE mmap:r,shared fsync fchmod:0600
outlive disksize rw REMOVE ADD read:10 write:1M
outlive reset w REMOVE ADD write:1
outlive reset w write:1 REMOVE write:1 write:x
outlive disksize r REMOVE fstat
outlive disksize path REMOVE fstat
[[ $(devices) -gt 0 ]] && line "zramA still there: $(<"$sys/disksize")"

title 'a shell inside the directory of a removed device'
B=$(<"$control/hot_add")
(
    cd "$(dirname "$sys")/zram$B" || exit
    printf '%s' "$B" >"$control/hot_remove"
    "$probe" ./disksize r
    "$probe" ./new w,creat
    "$probe" . r,dir
    line "ls: $(find . -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)"
) | normalise
