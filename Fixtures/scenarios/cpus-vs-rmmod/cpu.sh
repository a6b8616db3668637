cat $1/cpu/cpu1/online
echo 0 > $1/cpu/cpu1/online
echo 1 > $1/cpu/cpu1/online
