# Loads the module so that stores and exit take one lock, as the series' test 0027.
echo test_sysfs devtype=1 enable_lock=1 enable_lock_on_rmmod=1 > $1/debug/init_module
