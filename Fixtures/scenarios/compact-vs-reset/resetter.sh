echo 1 > $1/zram0/reset
