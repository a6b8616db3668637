# Loads the module with a block device, as the series' test 0018.
echo test_sysfs devtype=1 > $1/debug/init_module
