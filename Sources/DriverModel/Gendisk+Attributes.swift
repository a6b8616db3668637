import KernelCore
import KernelModule
import Kernfs
import SystemPackage
import Synchronization

/// The kernel whose attribute set and errnos a mount shows.
public enum ABI: String, Sendable, CaseIterable {
    /// The thread's kernel.
    case v5_15 = "5.15"
    /// A recent one.
    case v6_18 = "6.18"
}

extension Gendisk {
    /// The block layer's files, in array order (`disk_attrs`).
    static func attributes(_ abi: ABI) -> [Attribute<Gendisk>] { abi == .v5_15 ? old : recent }

    // Made once: an exploration makes thousands of disks.
    private static let old = list(.v5_15)
    private static let recent = list(.v6_18)

    private static func list(_ abi: ABI) -> [Attribute<Gendisk>] {
        var list: [Attribute<Gendisk>] = [
            constant("range", "1"), constant("ext_range", "1"), constant("removable", "0"),
            constant("hidden", "0"), .readOnly("ro") { _ in "0\n" },
            .readOnly("size") { "\($0.capacity)\n" },
            constant("alignment_offset", "0"), constant("discard_alignment", "0"),
            constant("capability", "0"),
            .readOnly("stat") { $0.stat },
            .readOnly("inflight") { $0.inFlight },
            Attribute("events", mode: 0o444, show: { _ in "\n" }),
            Attribute("events_async", mode: 0o444, show: { _ in "" }),
            .readWrite("events_poll_msecs", { _ in "-1\n" }, { _, _ throws(Errno) in throw .noSuchDevice }),
            .readOnly("diskseq") { "\($0.sequence)\n" },
        ]
        if abi == .v6_18 { list.append(constant("partscan", "0")) }
        return list
    }

    static let uevent = Attribute<Gendisk>(
        "uevent", mode: 0o644,
        show: { disk in
            "MAJOR=\(disk.shownNumber.major)\nMINOR=\(disk.shownNumber.minor)\nDEVNAME=\(disk.name)\nDEVTYPE=disk\n"
                + "DISKSEQ=\(disk.sequence)\n"
        },
        store: { _, bytes throws(Errno) in
            guard UEvent.isValid(bytes) else { throw .invalidArgument }
            return bytes.count
        })

    static let dev = Attribute<Gendisk>(
        "dev", mode: 0o444, show: { "\($0.shownNumber.major):\($0.shownNumber.minor)\n" })

    private var shownNumber: (major: Int, minor: Int) { hostNumber ?? number }

    /// Seventeen columns since 5.5: requests, merges, sectors and milliseconds of reads and writes, what is in flight, busy
    /// milliseconds, all milliseconds, the same of discards, and flushes, which zram has none of. As `part_stat_show`.
    private var stat: String {
        let counters = data.counters
        let groups = counters.groups.map { group -> (columns: [UInt64], ticks: UInt64) in
            let ticks = group.nanoseconds.load(ordering: .relaxed) / 1_000_000
            let sectors = group.sectors.load(ordering: .relaxed)
            return ([group.requests.load(ordering: .relaxed), 0, sectors, ticks], ticks)
        }
        let inFlight = counters.groups.reduce(0) { $0 + UInt64(max(0, $1.inFlight.load(ordering: .relaxed))) }
        let busy = counters.busy.load(ordering: .relaxed)
        let columns =
            groups[0].columns + groups[1].columns + [inFlight, busy, groups.reduce(0) { $0 + $1.ticks }]
            + groups[2].columns + [0, 0]
        return columns.map { Self.pad($0) }.joined(separator: " ") + "\n"
    }

    /// Reads, and writes with discards, as `part_inflight_show`.
    private var inFlight: String {
        let counts = data.counters.groups.map { UInt64(max(0, $0.inFlight.load(ordering: .relaxed))) }
        return "\(Self.pad(counts[0])) \(Self.pad(counts[1] + counts[2]))\n"
    }

    private static func constant(_ name: String, _ text: String) -> Attribute<Gendisk> {
        .readOnly(name) { _ in text + "\n" }
    }

    private static func pad(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }

    /// The directories below a disk that its driver does not fill.
    func addDirectories(to node: KernfsNode) throws(Errno) {
        for name in ["holders", "slaves"] where core.shows(name) { _ = try core.root.makeDirectory(name, in: node) }
        if core.shows("queue") { try addQueue(to: node) }
        guard core.shows("power") else { return }
        let power = try core.root.makeDirectory("power", in: node)
        try core.root.makeFiles(Self.powerAttributes, of: self, in: power, module: nil)
    }

    /// The block layer's files that are shown.
    var blockAttributes: [Attribute<Gendisk>] { Self.attributes(core.abi).filter { core.shows($0.name) } }

    private func addQueue(to node: KernfsNode) throws(Errno) {
        let queue = try core.root.makeDirectory("queue", in: node)
        try core.root.makeFiles(Self.queueAttributes, of: self, in: queue, module: nil)
    }

    private static let queueAttributes: [Attribute<Gendisk>] = [
        ("logical_block_size", "4096"), ("physical_block_size", "4096"), ("hw_sector_size", "4096"),
        ("minimum_io_size", "4096"), ("optimal_io_size", "4096"), ("discard_granularity", "4096"),
        ("discard_max_bytes", "2199023251456"), ("discard_max_hw_bytes", "2199023251456"),
        ("discard_zeroes_data", "0"), ("write_zeroes_max_bytes", "2199023251456"), ("max_sectors_kb", "128"),
        ("max_hw_sectors_kb", "2147483647"), ("max_segments", "128"), ("max_segment_size", "65536"),
        ("rotational", "0"), ("add_random", "0"), ("nr_zones", "0"), ("zoned", "none"), ("nomerges", "0"),
        ("iostats", "1"), ("stable_writes", "1"), ("write_cache", "write through"), ("fua", "0"), ("dax", "0"),
        ("read_ahead_kb", "128"), ("scheduler", "none"),
    ].map { constant($0.0, $0.1) }

    private static let powerAttributes: [Attribute<Gendisk>] = [
        ("control", "auto"), ("runtime_status", "unsupported"), ("runtime_active_time", "0"),
        ("runtime_suspended_time", "0"),
    ].map { constant($0.0, $0.1) }
}
