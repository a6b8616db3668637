# Cancels the timer, under the lock.
echo 0 > $1/mpic/timer_wakeup
