for file in disksize initstate max_comp_streams comp_algorithm backing_dev writeback_limit io_stat mm_stat bd_stat debug_stat; do
    cat $1/zram0/$file
done
