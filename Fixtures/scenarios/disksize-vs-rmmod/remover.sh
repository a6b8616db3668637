# Removes the module.
echo zram > $1/debug/delete_module
