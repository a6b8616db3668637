# Loads the module.
echo test_firmware > $1/debug/init_module
