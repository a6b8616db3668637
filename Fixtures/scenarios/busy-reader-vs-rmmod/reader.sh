while true; do
    cat $1/zram0/initstate
done
