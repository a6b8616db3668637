# The workloads of the table: plain loops of a shell in the root of a mount, nothing but echo and cat. shellcheck shell=bash

loop_reset() { while :; do echo 1 >zram0/reset; done; }
loop_disksize() { while :; do echo 1M >zram0/disksize; done; }
loop_cycle() {
    while :; do
        echo lz4 >zram0/comp_algorithm
        echo 1M >zram0/disksize
        echo 1 >zram0/reset
    done
}
loop_cat() { while :; do cat zram0/* >/dev/null; done; }
loop_hot() {
    local id
    while :; do
        read -r id <zram-control/hot_add && echo "$id" >zram-control/hot_remove
    done
}
loop_setup() { while :; do echo 1024 >zram0/disksize; echo 1 >zram0/reset; done; }
loop_config() { while :; do echo x >test_firmware/config_name; done; }
loop_first() { while :; do echo 1M >zram1/disksize; done; }
loop_second() { while :; do echo 1 >zram1/reset; done; }

# For 20 ms, without a process of its own.
pause() { read -r -t 0.02 -u 9 || :; }

# A round is what happens beside the loops; its status is that of the command that a cell counts.
load() { echo "${module:-zram}" >debug/init_module; }
unload() { echo "${module:-zram}" >debug/delete_module; }
round_rmmod() { load; unload; }
round_hot() {
    local id
    read -r id <zram-control/hot_add
    pause
    echo "${id:-1}" >zram-control/hot_remove
}
round_alone() { pause; }
# One that keeps the disk open, as a mount or swapon does.
round_held() {
    exec 8<dev/zram0
    unload
    local status=$?
    exec 8<&-
    return $status
}
# LTP's zram02, as the thread ran it in two terminals.
loop_zram02() {
    while :; do
        echo 'zram num_devices=1' >debug/init_module
        echo lz4 >zram0/comp_algorithm
        echo 100G >zram0/disksize
        echo 1M >zram0/mem_limit
        head -c 4096 /dev/zero >dev/zram0
        echo 1 >zram0/reset
        echo zram >debug/delete_module
    done
}
# One round of a flow lasts as long as it takes the module to come and go.
round_flow() {
    local before=${flows:-0} now
    for ((turn = 0; turn < 200; turn++)); do
        now=$(grep -c 'Added device: zram0' debug/kmsg)
        [[ $now -le $before && $(events) == 0 ]] || break
        pause
    done
    flows=$now
}
