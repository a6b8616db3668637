echo zram > $1/debug/init_module
