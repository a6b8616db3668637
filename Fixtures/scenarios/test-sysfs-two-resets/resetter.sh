# Removes the device and registers another.
echo 1 > $1/debug/test_sysfs/reset_first_test_dev
