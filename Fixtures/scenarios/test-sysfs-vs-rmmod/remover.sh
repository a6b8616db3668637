# Removes the module.
echo test_sysfs > $1/debug/delete_module
