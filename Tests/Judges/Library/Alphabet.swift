import Explorer
import Zram

/// One command that a terminal gives, and its name in tables.
public struct Operation: Sendable, Hashable {
    /// E.g. `reset` for the store, `disksize.r` for the show.
    public let name: String
    /// A line of shell.
    public let script: String
}

/// What the pairs and triples are made of: everything that can be done to a zram device, and to what it stands on.
public enum Alphabet {
    private static func store(_ file: String, _ value: String) -> Operation {
        Operation(name: file, script: "echo \(value) > $1/zram0/\(file)")
    }

    private static func show(_ file: String) -> Operation {
        Operation(name: file + ".r", script: "cat $1/zram0/\(file)")
    }

    private static let old: [Operation] = [
        store("disksize", "1M"), show("disksize"), show("initstate"), store("reset", "1"), store("compact", "1"),
        store("mem_limit", "1M"), store("mem_used_max", "0"), store("idle", "all"), store("comp_algorithm", "zstd"),
        show("comp_algorithm"), store("backing_dev", "/dev/loop0"), show("backing_dev"), store("writeback", "idle"),
        store("writeback_limit", "1"), show("writeback_limit"), store("writeback_limit_enable", "1"),
        show("writeback_limit_enable"), show("io_stat"), show("mm_stat"), show("bd_stat"), show("debug_stat"),
    ]

    private static let streams = [store("max_comp_streams", "1"), show("max_comp_streams")]

    private static let recent: [Operation] = [
        store("recomp_algorithm", "algo=zstd priority=1"), show("recomp_algorithm"), store("recompress", "type=idle"),
        store("algorithm_params", "priority=0 level=3"),
    ]

    private static let machine: [Operation] = [
        Operation(name: "block_state.r", script: "cat $1/debug/zram/zram0/block_state"),
        Operation(name: "open", script: "exec 3< $1/dev/zram0; exec 3<&-"),
        Operation(name: "hot_add", script: "cat $1/zram-control/hot_add"),
        Operation(name: "init_module", script: "echo zram > $1/debug/init_module"),
        Operation(name: "cpu_down", script: "echo 0 > $1/cpu/cpu1/online"),
        Operation(name: "old_fd", script: "exec 3> $1/zram0/reset; echo 1 >&3"),
    ]

    /// The ways in which a device goes.
    public static let removals: [Operation] = [
        Operation(name: "rmmod", script: "echo zram > $1/debug/delete_module"),
        Operation(name: "hot_remove", script: "echo 0 > $1/zram-control/hot_remove"),
        Operation(name: "self", script: "echo 0 > $1/zram0/hot_remove"),
        Operation(name: "umount-l", script: "umount -l $1"),
    ]

    /// What does not remove the device, under an ABI.
    public static func operations(_ situation: Situation) -> [Operation] {
        old + (situation == .recent ? recent : streams) + machine
    }
}

/// What the operations find.
public enum Situation: String, CaseIterable, Sendable {
    /// A device without a size.
    case fresh
    /// One with a size.
    case setUp = "set-up"
    /// As `fresh`, with `abi=6.18`.
    case recent = "6.18"

    var setup: String? { self == .setUp ? "echo 1M > $1/zram0/disksize" : nil }
    var machine: String { self == .recent ? "abi=6.18" : "" }
}
