import KernelCore

/// A call trace, innermost function first, completed by the kernel's functions around the simulated ones.
public struct StackTrace {
    /// The functions.
    public let symbols: [Symbol]

    /// - Parameters:
    ///   - innermost: functions that the last frame called, outermost first.
    ///   - frames: outermost first, as tasks keep them.
    ///   - context: whose kernel's functions stand between a system call and the simulated ones.
    public init(innermost: [String] = [], _ frames: [Frame], _ context: ReportContext) {
        let entry = frames.first.map { Self.entry(KernelName.snake($0.function), context.isRecent) } ?? []
        symbols =
            innermost.reversed().map { Symbol($0) } + frames.reversed().map { Symbol($0) }
            + entry.map { Symbol($0) }
    }

    /// The trace of a task that waits, or stands at a gate.
    public init(waiting task: KernelTask, _ context: ReportContext) {
        let sleep = ["schedule", "__schedule"]
        let call: [String] =
            switch task.pending?.operation {
            case .lock: ["__mutex_lock.constprop.0", "schedule_preempt_disabled"] + sleep
            case .downRead: ["down_read", "rwsem_down_read_slowpath"] + sleep
            case .downWrite: ["down_write", "rwsem_down_write_slowpath"] + sleep
            case .sleep: ["msleep", "schedule_timeout"] + sleep
            default: sleep
            }
        self.init(innermost: task.state == .blocked ? call : [], task.frames, context)
    }

    /// Lines as `dump_stack` prints them, between `<TASK>` marks.
    public var lines: [String] {
        ["Call Trace:", " <TASK>"] + symbols.map { " " + $0.text } + [" </TASK>"]
    }

    /// The functions of the kernel between a system call and its first simulated function, innermost first.
    private static func entry(_ function: String, _ isRecent: Bool) -> [String] {
        let call: [String] =
            switch function {
            case "kernfs_fop_write_iter": (isRecent ? [] : ["new_sync_write"]) + ["vfs_write", "ksys_write"]
            case "kernfs_fop_read_iter": (isRecent ? [] : ["new_sync_read"]) + ["vfs_read", "ksys_read"]
            case "kernfs_fop_open", "blkdev_open": ["do_dentry_open", "path_openat", "do_filp_open", "do_sys_openat2"]
            case "blkdev_close": ["__fput", "task_work_run", "exit_to_user_mode_prepare"]
            case "load_module": ["__do_sys_finit_module"]
            default: []
            }
        return call + ["do_syscall_64", "entry_SYSCALL_64_after_hwframe"]
    }
}
