exec 3> $1/zram0/reset
echo 1 >&3
