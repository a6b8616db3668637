echo zram > $1/debug/delete_module
