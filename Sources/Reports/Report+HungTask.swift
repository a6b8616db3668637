import KernelCore

extension Report {
    /// What the hung task detector says of tasks that have slept uninterruptibly for so many nanoseconds; nil if there
    /// are none. The kernel's `check_hung_uninterruptible_tasks`, with `CONFIG_DETECT_HUNG_TASK_BLOCKER` since 6.16.
    public static func hungTasks(_ kernel: Kernel, longerThan limit: UInt64, in context: ReportContext) -> Report? {
        let now = kernel.now
        let hung = tasks(kernel).filter { task in
            letter(task) == "D" && task.pending.map { now - min(now, $0.since) >= limit } == true
        }
        guard !hung.isEmpty else { return nil }
        let lines = hung.flatMap { task in
            let seconds = (now - min(now, task.pending!.since)) / 1_000_000_000
            return [
                "INFO: task \(task.name):\(task.pid) blocked for more than \(seconds) seconds.",
                "      \(context.tainted) \(context.release) \(context.build)",
                "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.",
            ] + block(task, context) + (context.isRecent ? blocker(of: task, context) : [])
        }
        return Report(.error, lines + locks(kernel, context))
    }

    /// Who is likely to own the lock that a task waits for, and where that is. The kernel's `debug_show_blocker`.
    private static func blocker(of task: KernelTask, _ context: ReportContext) -> [String] {
        guard let wait = task.pending, let kind = wait.object.lockClass?.kind,
            let owner = wait.object.holders(against: wait.operation).first
        else { return [] }
        let (waiter, holder) = ("\(task.name):\(task.pid)", "\(owner.name):\(owner.pid)")
        func mode(_ isReader: Bool) -> String { isReader ? "<reader>" : "<writer>" }
        switch kind {
        case .mutex:
            return ["INFO: task \(waiter) is blocked on a mutex likely owned by task \(holder)."]
                + block(owner, context)
        case .rwsem:
            let isShared = owner.holds.contains { $0.object === wait.object && $0.mode == .shared }
            return [
                "INFO: task \(waiter) \(mode(wait.operation == .downRead)) blocked on an rw-semaphore likely owned by "
                    + "task \(holder) \(mode(isShared))"
            ] + block(owner, context)
        case .active: return []
        }
    }

    /// One task as `sched_show_task` prints it; there are no parents here.
    static func block(_ task: KernelTask, _ context: ReportContext) -> [String] {
        let name = Text.left(String(task.name.prefix(15)), 15)
        let head = "task:\(name) state:\(letter(task)) "
        func number(_ value: Int32, _ width: Int) -> String { Text.left("\(value)", width) }
        let rest =
            context.isRecent
            ? "stack:0     pid:\(number(task.pid, 5)) tgid:\(number(task.pid, 5)) ppid:0      task_flags:0x400100 flags:0x00000000"
            : "stack:    0 pid:\(Text.right("\(task.pid)", 5)) ppid:     0 flags:0x00000000"
        return [head + rest] + StackTrace(waiting: task, context).lines
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
    public static func blockedTasks(_ kernel: Kernel, in context: ReportContext) -> Report {
        let blocked = tasks(kernel).filter { letter($0) == "D" }
        return Report(.info, ["sysrq: Show Blocked State"] + blocked.flatMap { block($0, context) })
    }

    /// `sysrq t`, and `l`: all tasks.
    public static func allTasks(_ kernel: Kernel, in context: ReportContext) -> Report {
        Report(.info, ["sysrq: Show State"] + tasks(kernel).flatMap { block($0, context) })
    }

    /// `sysrq d`: the locks that lockdep knows to be held; references are none to it but for the active ones.
    public static func locksHeld(_ kernel: Kernel, in context: ReportContext) -> Report {
        Report(.info, ["sysrq: Show Locks Held"] + locks(kernel, context))
    }

    /// The kernel's `debug_show_all_locks`.
    private static func locks(_ kernel: Kernel, _ context: ReportContext) -> [String] {
        if kernel.lockdep.isTurnedOff { return ["INFO: lockdep is turned off."] }
        let held = tasks(kernel).filter { task in task.holds.contains { $0.object.lockClass != nil } }
        return ["", "Showing all locks held in the system:"]
            + held.flatMap { LockdepText.held($0.holds, by: $0, context) }
            + ["", String(repeating: "=", count: 45), ""]
    }

    private static func tasks(_ kernel: Kernel) -> [KernelTask] { kernel.tasks.sorted { $0.serial < $1.serial } }
}
