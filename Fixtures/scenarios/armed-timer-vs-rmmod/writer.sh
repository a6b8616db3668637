# Sets the timer; its interrupt may come at any time.
echo 5 > $1/mpic/timer_wakeup
