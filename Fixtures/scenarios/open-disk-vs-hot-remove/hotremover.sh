# Refused while the disk is open.
echo 0 > $1/zram-control/hot_remove
