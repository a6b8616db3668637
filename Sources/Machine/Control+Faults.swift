import DriverModel
import KernelCore
import Kernfs
import SystemPackage

extension Machine {
    /// The knobs of `CONFIG_FAIL_KERNFS_KNOBS` as v9 of the series places them, and one to complete the wait by hand.
    static let faultControls: [Control] =
        KernfsFaults.Place.allCases.map { place in
            .fault(
                "config_\(function)/\(place.rawValue)",
                { $0.waits.contains(place) ? "Y" : "N" },
                { faults, bytes throws(Errno) in
                    if try Parse.bool(bytes) { faults.waits.insert(place) } else { faults.waits.remove(place) }
                })
        } + [
            .number("sleep_after_wait_ms", { $0.sleepAfterWait }, { $0.sleepAfterWait = $1 }),
            .number("\(function)/interval", { $0.interval }, { $0.interval = $1 }),
            .number("\(function)/probability", { $0.probability }, { $0.probability = $1 }),
            .number("\(function)/space", { $0.space }, { $0.space = $1 }),
            .fault(
                "\(function)/task-filter", { $0.taskFilter ? "Y" : "N" },
                { faults, bytes throws(Errno) in faults.taskFilter = try Parse.bool(bytes) }),
            .fault(
                "\(function)/times", { "\($0.times)" },
                { faults, bytes throws(Errno) in faults.times = Int64(try Parse.signed(bytes) as Int32) }),
            .number("\(function)/verbose", { $0.verbose }, { $0.verbose = $1 }),
            .number(
                "\(function)/verbose_ratelimit_burst", { $0.verboseRatelimitBurst }, { $0.verboseRatelimitBurst = $1 }),
            .number(
                "\(function)/verbose_ratelimit_interval_ms", { $0.verboseRatelimitInterval },
                { $0.verboseRatelimitInterval = $1 }),
            Control(
                "debug/fail_kernfs/complete",
                store: { machine, _ async throws(Errno) in await machine.root.faults.completion.complete() }),
        ]

    private static let function = "fail_kernfs_fop_write_iter"
}

extension Control {
    fileprivate static func fault(
        _ name: String, _ get: @escaping @Sendable (KernfsFaults) -> String,
        _ set: @escaping @Sendable (KernfsFaults, [UInt8]) throws(Errno) -> Void
    ) -> Control {
        Control(
            "debug/fail_kernfs/\(name)", show: { get($0.root.faults) + "\n" },
            store: { machine, text throws(Errno) in try set(machine.root.faults, Array(text.utf8)) })
    }

    /// A number as debugfs takes it: any base.
    fileprivate static func number(
        _ name: String, _ get: @escaping @Sendable (KernfsFaults) -> UInt64,
        _ set: @escaping @Sendable (KernfsFaults, UInt64) -> Void
    ) -> Control {
        fault(
            name, { "\(get($0))" },
            { faults, bytes throws(Errno) in set(faults, UInt64(try Parse.unsigned(bytes, base: 0) as UInt32)) })
    }
}
