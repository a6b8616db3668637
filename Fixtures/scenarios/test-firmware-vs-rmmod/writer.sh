# A store that takes the mutex, as nearly all do.
echo 2 > $1/test_firmware/config_num_requests
