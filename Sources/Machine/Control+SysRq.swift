import KernelCore
import Reports
import SystemPackage

extension Control {
    /// The kernel's magic keys; the first character counts. What they show goes to the log.
    static let sysrqTrigger = Control(
        "sysrq-trigger", mode: 0o200,
        store: { machine, text in
            switch text.first {
            case "b":
                machine.kernel.log.print(.info, "sysrq: Resetting")
                machine.onReboot?()
            case "d": machine.print(.locksHeld(machine.kernel, in: machine.reportContext))
            case "l", "t": machine.print(.allTasks(machine.kernel, in: machine.reportContext))
            case "w": machine.print(.blockedTasks(machine.kernel, in: machine.reportContext))
            default: machine.kernel.log.print(.info, help)
            }
        })

    private static let help =
        "sysrq: HELP : reboot(b) show-all-locks(d) show-all-tasks(l) show-task-states(t) show-blocked-tasks(w) "
}
