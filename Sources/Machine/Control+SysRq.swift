import KernelCore
import SystemPackage

extension Control {
    /// The kernel's magic keys; the first character counts.
    static let sysrqTrigger = Control(
        "sysrq-trigger", mode: 0o200,
        store: { machine, text in
            switch text.first {
            case "b":
                machine.kernel.log.print(.info, "sysrq: Resetting")
                machine.onReboot?()
            default:
                machine.kernel.log.print(
                    .info,
                    "sysrq: HELP : reboot(b) show-all-locks(d) help(h) show-task-states(l) show-task-states(t) "
                        + "show-blocked-tasks(w) ")
            }
        })
}
