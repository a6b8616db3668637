echo 0 > $1/cpu/cpu1/online
