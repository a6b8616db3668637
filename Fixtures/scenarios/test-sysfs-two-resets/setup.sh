# Loads the module with its debugfs file.
echo test_sysfs enable_debugfs=1 > $1/debug/init_module
