import DriverModel
import KernelCore
import Reports
import SystemPackage

extension Control {
    /// The steps since it was switched on, a line each; the group is that of the process that the task is, 0 for tasks of the kernel's own. `1` and `0` switch it, `clear` forgets the steps.
    static let trace = Control(
        "debug/trace",
        show: { machine in
            var table = Table("TIME", "TASK", "GROUP", "STEP", "OBJECT", "FUNCTION")
            for event in machine.kernel.trace.events {
                let step =
                    switch event.kind {
                    case .step: event.operation.name
                    case .wait: "(waits) \(event.operation.name)"
                    case .held: "(held) \(event.operation.name)"
                    case .start: "(starts)"
                    }
                table.add(
                    Text.seconds(event.time), "\(event.name):\(event.pid)", "\(event.group)", step, event.object,
                    event.function.isEmpty ? "-" : event.function)
            }
            return table.text
        },
        store: { machine, text throws(Errno) in
            if text == "clear" {
                machine.kernel.trace.clear()
            } else {
                machine.kernel.trace.isOn = try Parse.bool(Array(text.utf8))
            }
        })

    /// The same with a column for each task, and why the turn went from one to the next.
    static let traceColumns = Control("debug/trace.columns", show: { Columns($0.kernel.trace.steps).text })
    /// The same for Perfetto.
    static let traceJSON = Control("debug/trace.json", show: { TraceJSON($0.kernel.trace.steps).text })

    /// Steps and the system calls that they are of, for programs (`Explorer.Recording`).
    static let traceCalls = Control("debug/trace.calls", show: { TraceCalls($0.kernel.trace).text })

    /// `SEED [MICROSECONDS]` delays steps at random, up to so long (1000); `off` ends that.
    static let jitter = Control(
        "debug/jitter",
        show: { machine in
            machine.kernel.jitter.map { "\($0.seed) \($0.longest / 1000)\n" } ?? "off\n"
        },
        store: { machine, text throws(Errno) in
            let words = text.split(separator: " ").map { Array($0.utf8) }
            guard (1...2).contains(words.count) else { throw .invalidArgument }
            if text == "off" {
                machine.kernel.jitter = nil
                return
            }
            let seed: UInt64 = try Parse.unsigned(words[0])
            let longest: UInt32 = words.count > 1 ? try Parse.unsigned(words[1]) : 1000
            guard longest > 0 else { throw .invalidArgument }
            machine.kernel.jitter = Jitter(seed: seed, longest: UInt64(longest) * 1000)
        })
}
