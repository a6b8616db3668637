/// What scripts can do to one driver.
struct Driver: Sendable {
    let module: String
    /// Words for modprobe that a load may have; one is drawn.
    let parameters: [String]
    /// A device's files: the path below the mount, and what may be written; empty: it is read.
    let files: [(path: String, values: [String])]

    static let all = [zram, testSysfs, testFirmware, timer]

    private static let zram = Driver(
        module: "zram", parameters: ["", " num_devices=1", " num_devices=2"],
        files: [
            ("zram0/disksize", ["1M", "0", ""]), ("zram0/reset", ["1", "0", "x"]), ("zram0/disksize", ["1M"]),
            ("zram0/reset", ["1"]), ("zram0/initstate", [""]), ("zram0/compact", ["1"]), ("zram0/mem_limit", ["1M"]),
            ("zram0/mem_used_max", ["0", "1"]), ("zram0/idle", ["all", "x"]), ("zram0/max_comp_streams", ["3", ""]),
            ("zram0/comp_algorithm", ["zstd", "none", ""]), ("zram0/backing_dev", ["/dev/loop0", ""]),
            ("zram0/writeback", ["idle"]), ("zram0/writeback_limit", ["1", ""]),
            ("zram0/writeback_limit_enable", ["1", ""]), ("zram0/io_stat", [""]), ("zram0/mm_stat", [""]),
            ("zram0/bd_stat", [""]), ("zram0/debug_stat", [""]), ("zram0/uevent", ["change", ""]),
            ("zram0/hot_remove", ["0"]), ("zram1/disksize", ["1M"]), ("zram0/size", [""]), ("zram0/ro", [""]),
            ("zram-control/hot_add", [""]), ("zram-control/hot_remove", ["0", "1"]),
            ("debug/zram/zram0/block_state", [""]), ("module/zram/refcnt", [""]), ("module/zram/initstate", [""]),
        ])

    /// What `abi=6.18` adds.
    static let recent: [(path: String, values: [String])] = [
        ("zram0/recomp_algorithm", ["algo=zstd priority=1", "algo=lz4hc priority=2", ""]),
        ("zram0/recompress", ["type=idle", "type=huge algo=zstd"]),
        ("zram0/algorithm_params", ["priority=0 level=3", "algo=zstd level=1"]),
    ]

    private static let testSysfs = Driver(
        module: "test_sysfs",
        parameters: [
            "", " devtype=1", " enable_lock=1", " enable_lock=1 enable_lock_on_rmmod=1 devtype=1",
            " enable_debugfs=1", " enable_lock=1 enable_lock_on_rmmod=1 use_rtnl_lock=1",
            " enable_completion_on_rmmod=1",
            " enable_busy_alloc=1", " delay_rmmod_ms=10",
        ],
        files: [
            ("test_sysfs0/config", [""]), ("test_sysfs0/reset", ["1"]), ("test_sysfs0/test_dev_x", ["5", "x", ""]),
            ("test_sysfs0/test_dev_y", ["5", ""]), ("test_sysfs0/config_enable_lock", ["0", "1", ""]),
            ("test_sysfs0/config_enable_lock_on_rmmod", ["1", ""]),
            ("test_sysfs0/config_use_rtnl_lock", ["1", ""]), ("test_sysfs0/config_write_delay_msec_y", ["1", ""]),
            ("test_sysfs0/config_enable_busy_alloc", ["1", ""]), ("test_sysfs0/uevent", ["change"]),
            ("debug/test_sysfs/reset_first_test_dev", ["1", ""]), ("module/test_sysfs/parameters/devtype", ["1", ""]),
            ("module/test_sysfs/refcnt", [""]),
        ])

    private static let testFirmware = Driver(
        module: "test_firmware", parameters: [""],
        files: [
            ("test_firmware/reset", ["1"]), ("test_firmware/config", [""]), ("test_firmware/config_name", ["a", ""]),
            ("test_firmware/config_num_requests", ["2", "x", ""]), ("test_firmware/config_into_buf", ["1", ""]),
            ("test_firmware/config_read_fw_idx", ["0", ""]), ("test_firmware/trigger_request", ["a"]),
            ("test_firmware/trigger_async_request", ["a"]), ("test_firmware/trigger_batched_requests", ["1"]),
            ("test_firmware/release_all_firmware", ["1"]), ("test_firmware/test_result", [""]),
            ("test_firmware/read_firmware", [""]), ("module/test_firmware/refcnt", [""]),
        ])

    private static let timer = Driver(
        module: "fsl_mpic_timer_wakeup", parameters: [""],
        files: [
            ("mpic/timer_wakeup", ["5", "0"]), ("mpic/timer_wakeup", ["3", "-1", ""]),
            ("module/fsl_mpic_timer_wakeup/initstate", [""]),
        ])
}
