import KernelCore

extension Report {
    /// The hung task detector's block. Its hint at `/proc/sys/kernel/hung_task_timeout_secs` is left out: there is no
    /// such file here.
    static func hungTask(_ task: KernelTask, _ wait: Pending, _ now: UInt64, in context: ReportContext) -> [String] {
        let seconds = (now - min(now, wait.since)) / 1_000_000_000
        return [
            "INFO: task \(task.name):\(task.pid) blocked for more than \(seconds) seconds.",
            "      \(context.tainted) \(context.release) \(context.build)",
        ] + block(task)
    }

    /// One task as `sched_show_task` prints it; there are no parents here.
    static func block(_ task: KernelTask) -> [String] {
        let name = Text.left(String(task.name.prefix(15)), 15)
        return [
            "task:\(name) state:\(letter(task)) stack:    0 pid:\(Text.right("\(task.pid)", 5)) ppid:     0 flags:0x00000000"
        ]
            + StackTrace(waiting: task).lines
    }

    /// The kernel's letter of a task's state. Standing at a gate is no state of the kernel: it still runs.
    private static func letter(_ task: KernelTask) -> String {
        switch task.state {
        case .running, .parked, .held, .delayed: "R"
        case .blocked: task.pending?.operation == .waitInterruptible ? "S" : "D"
        case .dead, .ended: "X"
        }
    }

    /// `sysrq w`: the tasks in uninterruptible sleep.
    public static func blockedTasks(_ kernel: Kernel) -> Report {
        let blocked = tasks(kernel).filter { letter($0) == "D" }
        return Report(.info, ["sysrq: Show Blocked State"] + blocked.flatMap(block))
    }

    /// `sysrq t`, and `l`: all tasks.
    public static func allTasks(_ kernel: Kernel) -> Report {
        Report(.info, ["sysrq: Show State"] + tasks(kernel).flatMap(block))
    }

    /// `sysrq d`: the locks that lockdep knows to be held; references are none to it but for the active ones.
    public static func locksHeld(_ kernel: Kernel) -> Report {
        let held = tasks(kernel).filter { task in task.holds.contains { $0.object.lockClass != nil } }
        return Report(
            .info,
            ["sysrq: Show Locks Held", "", "Showing all locks held in the system:"]
                + held.flatMap { LockdepText.held($0.holds, by: $0) }
                + ["", String(repeating: "=", count: 45), ""])
    }

    private static func tasks(_ kernel: Kernel) -> [KernelTask] { kernel.tasks.sorted { $0.serial < $1.serial } }
}
