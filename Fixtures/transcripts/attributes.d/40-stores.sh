# The other stores: reset, mem_limit, mem_used_max, idle, compact, uevent, in both states. Sourced by attributes.sh.

title 'reset: kstrtou16'
for state in uninitialised initialised; do
    line "$state"
    for value in 1 '1\n' 2 65535 '+1' 01 0001 00000000000000000001 '1\0' '1\0junk' '1\n\0' \
        0 '0\n' '+0' -1 -0 65536 99999999999999999999 ' 1' '1 ' '1\n\n' '\n1' '\n' '' ' ' 0x1 0x10 1x x '++1' '+' '-' '+-1' 1.0 1e1 1K '1\t' '1\r\n'; do
        [[ $state == initialised ]] && quietly disksize 1M
        p reset w "write:$value" "run:cat $sys/initstate | tr -d '\n'"
        [[ $(<"$sys/initstate") == 1 ]] && quietly reset 1
    done
done
p reset w write:1 write:1
p reset w write:%rep,4096,0
p reset w 'write:%rep,5000,1'
p reset w 'writev:0|0|1'
p reset w 'writev:0|0|\n'

title 'mem_limit: memparse'
for state in uninitialised initialised; do
    line "$state"
    [[ $state == initialised ]] && quietly disksize 1M
    for value in 1 4096 4097 25M '"25M"' '25M\n' K k 0 0K '' '\n' junk ' 1M' '+1M' -1 1.5M '64M junk' 0x1000 010000 16E 18446744073709551615 \
        18446744073709551616 17592186044415M '1\0'; do
        p mem_limit w "write:$value"
        # A limit near 2^64 rounds up to 0 or is shown negative: part of the format.
        line "  limit $(awk '{ print $4 }' "$sys/mm_stat")"
    done
done
quietly mem_limit 8M
quietly reset 1
line 'reset clears it'
memory
quietly mem_limit 8M
quietly disksize 1M
line 'disksize keeps it'
memory
quietly reset 1
quietly mem_limit 8M
quietly reset 1
line 'reset clears it on an uninitialised device'
memory

title 'mem_used_max, idle, compact'
for state in uninitialised initialised; do
    line "$state"
    [[ $state == initialised ]] && quietly disksize 1M
    stores mem_used_max 0 '0\n' 00 '+0' 1 -0 -1 ' 0' '0 ' '' '\n' x 0x0 99999999999999999999 18446744073709551615 '0\n\n' 0K
    stores idle all 'all\n' 'all\n\n' ALL 'all ' ' all' '' '\n' 0 1 '1\n' 0x10 010 -1 x 99999999999999999999 18446744073709551615 'all\0' 'all\0x'
    stores compact 1 0 x '' '\n' 'anything at all\n'
done
quietly reset 1

title 'uevent'
stores uevent add 'add\n' change remove online offline bind nosuch '' '\n' 'add 1' \
    'add 12345678-1234-1234-1234-123456789abc' 'add 12345678-1234-1234-1234-123456789abc A=1' 'add 1234' 'ADD' ' add' 'add\0x'
