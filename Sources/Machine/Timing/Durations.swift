import DriverModel
import KernelCore

/// What slow functions of the kernel take, in microseconds: least and median.
///
/// Two machines were measured, both with two processors. `guest` is Debian's Linux 6.1 (HZ=250) in QEMU without KVM, by its
/// function graph tracer, eight rounds of loading, setting up, resetting and unloading. A system call takes as long there
/// as on a mount, so that its figures stand as they are. `host` is Linux 6.18 on a small virtual machine, 25 rounds
/// timed from outside.
enum Durations {
    static func table(_ abi: ABI) -> [Timing.Duration] {
        abi == .v5_15 ? modules + common + graceful : modules + common + shrinking
    }

    private static let modules: [Timing.Duration] = [
        .init("load_module", 4_900, 11_000, "guest: finit_module less do_init_module"),
        .init("free_module", 16_200, 36_200, "guest: synchronize_rcu under module_mutex, vfree"),
        .init("module_going_notifier", 10_900, 27_000, "guest: synchronize_rcu between exit and free_module"),
    ]

    private static let common: [Timing.Duration] = [
        .init("devtmpfs_create_node", 280, 480, "guest: waits for kdevtmpfs"),
        .init("devtmpfs_delete_node", 184, 741, "guest: waits for kdevtmpfs"),
        .init("blk_register_queue", 112, 156, "guest"),
        .init("blk_unregister_queue", 83, 93, "guest"),
        .init("bdi_register", 102, 178, "guest"),
        .init("disk_release", 118, 289, "guest: bioset_exit"),
        .init("crypto_has_alg", 100, 180, "guest: comp_algorithm less what a store takes"),
        .init("zs_create_pool", 260, 316, "guest"),
        .init("vzalloc", 700, 1_900, per: "GiB", "host: disksize of 100 GiB and of 1 GiB"),
        .init("__cpuhp_state_add_instance", 54, 83, "guest"),
        .init("__cpuhp_state_remove_instance", 18, 36, "guest"),
        .init("zram_meta_free", 2_100, 5_500, per: "GiB", "host: reset of 100 GiB and of 1 GiB, page by page"),
    ]

    /// As of 5.15 and 6.1: the pool goes at once, the queue waits for grace periods.
    private static let graceful: [Timing.Duration] = [
        .init("bdi_unregister", 858, 11_900, "guest: synchronize_rcu_expedited, cgwb_bdi_unregister"),
        .init("blk_mq_freeze_queue_wait", 7, 9_460, "guest: percpu_ref_kill waits for a grace period"),
        .init("synchronize_rcu", 10_900, 29_300, "guest: blk_mq_quiesce_queue at the end of del_gendisk"),
        .init("zs_destroy_pool", 124, 264, "guest"),
    ]

    /// As of 6.18: the shrinker of the pool waits for a grace period.
    private static let shrinking: [Timing.Duration] = [
        .init("bdi_unregister", 100, 850, "guest, its expedited grace period alone"),
        .init("blk_mq_freeze_queue_wait", 7, 1_000, "host: hot_remove"),
        .init("synchronize_rcu", 11_000, 15_000, "host: hot_remove of a fresh device"),
        .init("zs_destroy_pool", 11_300, 19_400, "host: reset of 1 MiB"),
    ]
}
