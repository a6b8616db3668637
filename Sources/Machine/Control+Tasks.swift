import Glibc
import KernelCore
import Reports

extension Control {
    /// Every task: what it does, since when, how much it holds.
    static let tasks = Control(
        "debug/tasks",
        show: { machine in
            let kernel = machine.kernel
            var table = Table("PID", "COMM", "STATE", "AGE", "HOLDS", "WAITS FOR")
            for task in kernel.tasks.sorted(by: { $0.serial < $1.serial }) {
                table.add(
                    "\(task.pid)", task.name, state(task), Text.seconds(task.age, decimals: 3),
                    "\(task.holds.count)", wait(task, kernel))
            }
            return table.text
        })

    /// Every lock and reference that is held: by whom, since when (as the log counts), and the line that took it.
    static let locks = Control(
        "debug/locks",
        show: { machine in
            var table = Table("PID", "COMM", "MODE", "SINCE", "HELD", "TAKEN IN")
            for task in machine.kernel.tasks.sorted(by: { $0.serial < $1.serial }) {
                for hold in task.holds {
                    table.add(
                        "\(task.pid)", task.name, hold.mode == .shared ? "shared" : "exclusive",
                        Text.seconds(hold.since), hold.object.title,
                        "\(KernelName.snake(hold.function)) (\(Text.place(hold.file, hold.line)))")
                }
            }
            return table.text
        })

    /// Who waits for what, and who holds it, a line each.
    static let waits = Control("debug/waits", show: { WaitGraph($0.kernel).text })
    /// The same for Graphviz.
    static let waitsDot = Control("debug/waits.dot", show: { WaitGraph($0.kernel).dot })
    /// The process that serves the mount.
    static let pid = Control("debug/pid", show: { _ in "\(getpid())\n" })

    private static func state(_ task: KernelTask) -> String {
        switch task.state {
        case .running, .parked: "R"
        case .blocked: task.pending?.operation == .waitInterruptible ? "S" : "D"
        case .held: "held"
        case .delayed: "D"
        case .dead, .ended: "dead"
        }
    }

    private static func wait(_ task: KernelTask, _ kernel: Kernel) -> String {
        guard let pending = task.pending else { return "-" }
        let now = kernel.now
        let age = Text.seconds(now - min(now, pending.since), decimals: 3)
        let function = task.frames.isEmpty ? "" : " in \(Text.function(task.frames))"
        if task.state == .held {
            let gate = kernel.points.byName.values.first { $0.held.contains { $0 === task } }
            return "gate \(gate?.name ?? "")\(function), \(age) s"
        }
        return "\(pending.object.title)\(function) (\(Text.place(pending.file, pending.line))), \(age) s"
    }
}
