import CPUHotplug
import DriverModel
import KernelCore
import KernelModule
import Kernfs
import Reports
import SystemPackage

extension Control {
    /// What `zramfs run` mounts over files of the host.
    static let viewControls: [Control] = [
        viewModules, viewSwaps, viewTainted, swapOn, swapOff, counts, cpuOnline, cpuPossible, cpuPresent,
    ]

    /// The simulated modules, then the host's own but for its zram.
    private static let viewModules = Control(
        "view/proc-modules", mode: 0o444,
        show: { machine in
            let host = HostView.shared.modules?.text ?? ""
            return machine.modules.procModules
                + host.split(separator: "\n").filter { !$0.hasPrefix("zram ") }.map { $0 + "\n" }.joined()
        })

    /// The simulated kernel's `/proc/sys/kernel/tainted`.
    private static let viewTainted = Control(
        "view/proc-tainted", mode: 0o444, show: { "\($0.reportContext.taintBits)\n" })

    /// The host's `/proc/swaps` with the disks that were given to swapon.
    private static let viewSwaps = Control(
        "view/proc-swaps", mode: 0o444,
        show: { machine in
            var text = HostView.shared.swaps?.text ?? ""
            if text.isEmpty { text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" }
            for (name, swap) in machine.swaps.sorted(by: { $0.key < $1.key }) {
                let path = "/dev/\(name)"
                let blanks = String(repeating: " ", count: max(1, 40 - path.utf8.count))
                text += "\(path)\(blanks)partition\t\(swap.kilobytes)\t\t0\t\t\(swap.priority)\n"
            }
            return text
        })

    /// `zram0 5`: opens the disk as swapon does, at that priority.
    private static let swapOn = Control(
        "view/swapon",
        store: { machine, text async throws(Errno) in
            let words = text.split(separator: " ").map(String.init)
            guard let name = words.first else { throw .invalidArgument }
            guard case .device(let file)? = machine.root.find("/dev/\(name)")?.kind else {
                throw .noSuchFileOrDirectory
            }
            guard machine.swaps[name] == nil else { throw .resourceBusy }
            let handle = try await file.open(forWriting: true)
            guard machine.swaps[name] == nil, handle.size > 4096 else {
                await handle.release()
                throw machine.swaps[name] == nil ? .invalidArgument : .resourceBusy
            }
            let priority = words.dropFirst().first.flatMap { Int($0) } ?? -2
            machine.swaps[name] = Swap(handle: handle, kilobytes: handle.size / 1024 - 4, priority: priority)
        })

    /// `zram0`: closes it again.
    private static let swapOff = Control(
        "view/swapoff",
        store: { machine, text async throws(Errno) in
            guard let swap = machine.swaps.removeValue(forKey: text) else { throw .invalidArgument }
            await swap.handle.release()
        })

    /// How often something happened that a kernel would report; for test runners.
    private static let counts = Control(
        "debug/counts", mode: 0o444,
        show: { machine in
            let counts = machine.counts
            let leaked = machine.kernel.memory.values.count { $0.isLeaked }
            return "deadlocks \(counts.cycles)\noopses \(counts.oopses)\nwarnings \(counts.warnings)\n"
                + "inversions \(counts.inversions)\nleaked \(leaked)\nblocked \(blocked(machine))\n"
                + "first_failure_us \(counts.firstFailure.map { $0 / 1000 } ?? 0)\nuptime_us \(machine.kernel.now / 1000)\n"
        })

    private static func blocked(_ machine: Machine) -> Int {
        machine.kernel.tasks.count { $0.state == .blocked && $0.pending?.operation != .waitInterruptible }
    }

    private static let cpuOnline = Control("cpu/online", mode: 0o444, show: { list($0) { $0 } })
    private static let cpuPossible = Control("cpu/possible", mode: 0o444, show: { list($0) { _ in true } })
    private static let cpuPresent = Control("cpu/present", mode: 0o444, show: { list($0) { _ in true } })

    /// CPUs as the kernel lists them: `0-2,5`.
    private static func list(_ machine: Machine, _ isIn: (Bool) -> Bool) -> String {
        var ranges: [(first: Int, last: Int)] = []
        for (cpu, online) in machine.hotplug.online.enumerated() where isIn(online) {
            if let last = ranges.last, last.last == cpu - 1 {
                ranges[ranges.count - 1].last = cpu
            } else {
                ranges.append((cpu, cpu))
            }
        }
        return ranges.map { $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)" }.joined(separator: ",")
            + "\n"
    }
}

/// A disk in use as swap space, which the host's kernel never swaps to.
struct Swap {
    let handle: any DeviceHandle
    let kilobytes: UInt64
    let priority: Int
}
