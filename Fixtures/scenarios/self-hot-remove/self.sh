echo 0 > $1/zram0/hot_remove
