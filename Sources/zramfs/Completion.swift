import ArgumentParser
import Machine
import Zram

/// What the shells' completions know.
enum Completion {
    static let policies = CompletionKind.list(Policy.all.map(\.name))
    static let patches = CompletionKind.list(Patch.allCases.map(\.rawValue))
    static let abis = CompletionKind.list(["5.15", "6.18"])
    static let timings = CompletionKind.list(["smp", "off"])
    static let scenarios = CompletionKind.custom { _, _, _ in ScenarioFolder.names(in: nil) }
    static let mountPoints = CompletionKind.custom { _, _, _ in MountTable.ours().map(\.mountPoint) }
    /// Modules and mount points: what modprobe and rmmod take.
    static let modules = CompletionKind.custom { _, _, _ in
        ["zram", "test_sysfs", "test_firmware", "fsl_mpic_timer_wakeup"] + MountTable.ours().map(\.mountPoint)
    }
}
