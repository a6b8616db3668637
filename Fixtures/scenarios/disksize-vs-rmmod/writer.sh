# Sets the size of the device that the other terminal removes.
echo 1M > $1/zram0/disksize
