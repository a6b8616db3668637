echo 1M > $1/zram0/disksize
