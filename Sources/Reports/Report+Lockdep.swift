import KernelCore

extension Report {
    /// Lockdep's splat: of a circular dependency, or of a class taken twice.
    public static func lockdep(_ inversion: LockInversion, in context: ReportContext) -> Report {
        inversion.chain.isEmpty ? recursive(inversion, in: context) : circular(inversion, in: context)
    }

    private static func circular(_ inversion: LockInversion, in context: ReportContext) -> Report {
        let wanted = inversion.wanted
        let taking = LockdepText.taking(wanted, inversion.mode)
        var lines = head("possible circular locking dependency detected", 54, inversion, context)
        lines += ["", "which lock already depends on the new lock.", ""]
        lines += ["", "the existing dependency chain (in reverse order) is:"]
        for (place, edge) in inversion.chain.enumerated().reversed() {
            let trace = StackTrace(innermost: LockdepText.taking(edge.to, edge.mode), edge.frames, context)
            lines += LockdepText.link(place + 1, edge.to, trace, context)
        }
        lines += LockdepText.link(
            0, wanted, StackTrace(innermost: taking + ["__lock_acquire", "check_prev_add"], inversion.frames, context),
            context)
        lines += ["", "other info that might help us debug this:", ""]
        lines += scenario(inversion)
        return Report(.warning, lines + tail(inversion, taking + ["__lock_acquire", "check_noncircular"], context))
    }

    private static func recursive(_ inversion: LockInversion, in context: ReportContext) -> Report {
        let taking = LockdepText.taking(inversion.wanted, inversion.mode)
        var lines = head("possible recursive locking detected", 44, inversion, context)
        lines += ["", "other info that might help us debug this:"]
        lines += [" Possible unsafe locking scenario:", "", "       CPU0", "       ----"]
        lines += [
            "  lock(\(inversion.held.object.lockClass?.fullName ?? ""));", "  lock(\(inversion.wanted.fullName));",
        ]
        lines += ["", " *** DEADLOCK ***", "", " May be due to missing lock nesting notation", ""]
        return Report(.warning, lines + tail(inversion, taking + ["__lock_acquire"], context))
    }

    private static func head(
        _ what: String, _ width: Int, _ inversion: LockInversion, _ context: ReportContext
    ) -> [String] {
        let function = inversion.frames.last.map { Symbol($0).text } ?? "0x0"
        return [
            "", String(repeating: "=", count: width), "WARNING: \(what)",
            "\(context.release) \(context.build) \(context.tainted)", String(repeating: "-", count: width),
            "\(inversion.task.name)/\(inversion.task.pid) is trying to acquire lock:",
            LockdepText.lock(inversion.object, inversion.wanted, at: function, context), "",
            "but task is already holding lock:", LockdepText.lock(inversion.held, context) ?? "",
        ]
    }

    /// Two processors that would lock each other out; with a chain of several, its middle as well.
    private static func scenario(_ inversion: LockInversion) -> [String] {
        let source = inversion.wanted.fullName
        let target = inversion.held.object.lockClass?.fullName ?? ""
        let parent = inversion.chain.last?.from.fullName ?? source
        var lines: [String] = []
        if inversion.chain.count > 1 { lines += ["Chain exists of:", "  \(source) --> \(parent) --> \(target)", ""] }
        let second = String(repeating: " ", count: 31)
        lines += [" Possible unsafe locking scenario:", ""]
        lines += ["       CPU0                    CPU1", "       ----                    ----"]
        lines += ["  lock(\(target));", "\(second)lock(\(parent));", "\(second)lock(\(target));", "  lock(\(source));"]
        return lines + ["", " *** DEADLOCK ***", ""]
    }

    /// Whose active references the classes stand for, which the kernel's report leaves to the reader to guess.
    private static func names(_ inversion: LockInversion) -> [String] {
        let locks = [inversion.object] + (inversion.held.object === inversion.object ? [] : [inversion.held.object])
        return locks.compactMap { lock in
            guard let lockClass = lock.lockClass, lockClass.kind == .active else { return nil }
            return "zramfs: \(lockClass.fullName) is the \(lock.title)"
        }
    }

    private static func tail(_ inversion: LockInversion, _ innermost: [String], _ context: ReportContext) -> [String] {
        LockdepText.held(inversion.holds, by: inversion.task, context)
            + ["", "stack backtrace:"] + context.identity(inversion.task)
            + StackTrace(innermost: innermost + ["dump_stack_lvl"], inversion.frames, context).lines
            + names(inversion)
    }
}
