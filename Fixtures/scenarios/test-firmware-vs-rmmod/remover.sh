# Removes the module.
echo test_firmware > $1/debug/delete_module
