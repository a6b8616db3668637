cat $1/zram-control/hot_add
