import DriverModel
import KernelCore
import Reports
import SystemPackage

extension Control {
    /// The steps since it was switched on, a line each. `1` and `0` switch it, `clear` forgets the steps.
    static let trace = Control(
        "debug/trace",
        show: { machine in
            var table = Table("TIME", "TASK", "STEP", "OBJECT", "FUNCTION")
            for event in machine.kernel.trace.events {
                let step =
                    switch event.kind {
                    case .step: event.operation.name
                    case .wait: "(waits) \(event.operation.name)"
                    case .held: "(held) \(event.operation.name)"
                    }
                table.add(
                    Text.seconds(event.time), "\(event.name):\(event.pid)", step, event.object,
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
    static let traceColumns = Control("debug/trace.columns", show: { Columns($0.kernel.trace.events).text })
    /// The same for Perfetto.
    static let traceJSON = Control("debug/trace.json", show: { TraceJSON($0.kernel.trace.events).text })
}
