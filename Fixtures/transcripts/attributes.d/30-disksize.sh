# disksize, comp_algorithm and algorithm_params. Sourced by attributes.sh.

sizes() { # each value on an uninitialised device, then what became of it
    local value
    for value in "$@"; do
        p disksize rw "write:$value" lseek:0,set read:100
        quietly reset 1
    done
}

title 'disksize: memparse'
sizes 0 '' '\n' ' ' 1 4095 4096 4097 1K 1k 1M 1m 1G '64M\n' '64M junk' 64MiB 64Mjunk '64 M' ' 64M' '\t64M' '+64M' '-1' '-64M' \
    1.5M .5M 0x100000 0X100000 0x 0xg 0100000 010M 08M 1e3 1KK 1MB junk K M '0K' '1048576\n\n' '\n1M' '1M\0' '\x001M' '\xff1M' '1\xff'
sizes 18446744073709551615 18446744073709551616 18446744073709551617
sizes 16E 15E 1e6 1E 17E 99999999999999999999
sizes %rep,4096,0 '%rep,5000, '
show disksize initstate
p disksize w 'writev:1|M|\n'
show disksize
quietly reset 1
p disksize rw write:1M write:2M lseek:0,set read:100
p disksize w write:0 write:junk
p disksize w,trunc write:1M
state
quietly reset 1
p disksize w,append write:3M
state
quietly reset 1
p disksize w lseek:100,set write:5M
state
quietly reset 1
state

title 'comp_algorithm'
stores comp_algorithm "$other" "$other\\n" | anyAlgorithm
algorithm
stores comp_algorithm "${other^^}" "$other " " $other" "${other%?}" '' '\n' nosuch "$other\\0" "$other\\0junk" 'nosuch\0lz4' \
    "$other\\njunk" "$other,$other" "[$other]" | anyAlgorithm
algorithm
p comp_algorithm w write:%rep,127,x
p comp_algorithm w write:%rep,128,x
p comp_algorithm w 'write:%rep,127,\n'
p comp_algorithm w write:%rep,4096,x
p comp_algorithm w write:%rep,9000,x
p comp_algorithm w "writev:${other:0:1}|${other:1}" | anyAlgorithm
algorithm
quietly comp_algorithm "$default"
algorithm
p comp_algorithm w "write:$other\\n\\n" | anyAlgorithm
algorithm
quietly comp_algorithm "$other"
quietly disksize 1M
stores comp_algorithm "$other" "$default" nosuch '' | anyAlgorithm
line 'E2BIG before EBUSY'
p comp_algorithm w write:%rep,128,x
algorithm
quietly reset 1
line 'reset brings the default back'
algorithm
quietly comp_algorithm "$other"
quietly reset 1
line 'also on an uninitialised device'
algorithm

title 'algorithm_params'
for state in uninitialised initialised; do
    line "$state"
    [[ $state == initialised ]] && quietly disksize 1M
    stores algorithm_params '' '\n' junk level level= level=1 'level=1\n' level=-5 level=x level=1.5 level=99999999999 priority=0 \
        'priority=0 level=3' priority=1 priority=4 priority=-1 priority=x "algo=$default" "algo=$other level=3" algo=nosuch algo= \
        dict=/nonexistent dict= 'dict=/' 'unknown=1' 'level=1 unknown' 'level=1  priority=0' '"level=1"' 'level=1,priority=0' |
        sed "s/algo=$other /algo=OTHER /; s/algo=$default/algo=DEFAULT/; s/\(algo=DEFAULT)=\)[0-9]*/\1N/"
done
quietly reset 1
