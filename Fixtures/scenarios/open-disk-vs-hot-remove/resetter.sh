# Refused while the disk is open.
echo 1 > $1/zram0/reset
