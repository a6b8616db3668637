# Reads what is left, under the lock.
cat $1/mpic/timer_wakeup
