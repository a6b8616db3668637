import KernelCore
import Kernfs
import SystemPackage

extension Machine {
    /// The files of the laboratory, in the order of a directory listing.
    static let controls: [Control] = [
        .procModules, .sysrqTrigger, .policy, .patches, .deleteModule, .initModule,
        .kmsg, .kmsgClear, .tasks, .locks, .waits, .waitsDot, .lockdep, .memory, .pid,
        .trace, .traceColumns, .traceJSON, .traceCalls, .jitter, .timing,
    ]

    /// Adds the laboratory to the tree; an explored machine gets what scenarios use.
    func addControls() throws(Errno) {
        let isLive = kernel.mode == .live
        for control in Self.controls where isLive || control.isExplored { try add(control) }
        guard isLive else { return }
        for control in Control.viewControls where view != nil || !control.path.hasPrefix("view/") { try add(control) }
        for control in Self.faultControls { try add(control) }
        // Where v8 of the series had them, before v9 moved them.
        if let debug = root.node.child("debug") { try root.makeLink("kernfs", in: debug, to: "fail_kernfs") }
        for name in kernel.points.byName.keys.sorted() { try add(.gate(name)) }
        kernel.points.onDeclare = { [weak self] in try? self?.add(.gate($0.name)) }
        kernel.points.onArrival = { [gates] in gates.wakeWaiters() }
    }

    /// Adds one file and the directories above it; those below `debug` are root's alone.
    private func add(_ control: Control) throws(Errno) {
        var names = control.path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        let file = names.removeLast()
        var directory = root.node
        for name in names {
            if let known = directory.child(name) {
                directory = known
            } else {
                directory = try root.makeDirectory(name, in: directory, mode: names[0] == "debug" ? 0o700 : 0o555)
            }
        }
        try root.makeFile(file, in: directory, mode: control.mode, ops: ControlFile(control, of: self))
    }
}
