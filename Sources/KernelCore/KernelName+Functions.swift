extension KernelName {
    /// The functions that tasks enter (`Kernel.enter`), by the kernel's names: what a gate can ask for. A test compares it
    /// with the source.
    public static let functions: Set<String> = [
        "__cpuhp_remove_state", "__cpuhp_remove_state_cpuslocked", "__cpuhp_state_add_instance",
        "__cpuhp_state_remove_instance", "__do_sys_delete_module", "__kernfs_remove", "_cpu_down", "_cpu_up",
        "algorithm_params_store", "backing_dev_show", "backing_dev_store", "bd_stat_show", "blkdev_close",
        "blkdev_open", "class_attr_show", "class_attr_store", "class_unregister", "comp_algorithm_show",
        "comp_algorithm_store", "compact_store", "debug_stat_show", "debugfs_remove", "del_gendisk",
        "destroy_devices", "dev_attr_show", "dev_attr_store", "device_del", "device_destroy", "device_remove_attrs",
        "device_unregister", "disksize_show", "disksize_store", "fsl_free_resource", "fsl_timer_wakeup_show",
        "fsl_timer_wakeup_store", "fsl_wakeup_sys_exit", "fsl_wakeup_sys_init", "full_proxy_read",
        "full_proxy_release", "full_proxy_write", "hot_add_show", "hot_remove_store", "idle_store", "idr_for_each",
        "initstate_show", "io_stat_show", "kernfs_drain", "kernfs_fop_open", "kernfs_fop_read_iter",
        "kernfs_fop_write_iter", "kernfs_remove_by_name_ns", "kernfs_remove_self", "load_module", "mem_limit_store",
        "mem_used_max_store", "misc_deregister", "misc_register", "mm_stat_show", "module_attr_show",
        "module_attr_store", "param_attr_show", "param_attr_store", "read_block_state", "recomp_algorithm_show",
        "recomp_algorithm_store", "recompress_store", "remove_files", "reset_store", "sysfs_remove_group",
        "sysfs_remove_groups", "test_firmware_exit", "test_firmware_init", "test_sysfs_exit", "test_sysfs_init",
        "unregister_test_dev_sysfs", "writeback_limit_enable_show", "writeback_limit_enable_store",
        "writeback_limit_show", "writeback_limit_store", "writeback_store", "zcomp_create", "zcomp_destroy",
        "zram_add", "zram_exit", "zram_free_page", "zram_hot_remove_store", "zram_init", "zram_meta_free",
        "zram_open", "zram_remove", "zram_remove_cb", "zram_reset_device", "zram_submit_bio",
    ]
}
