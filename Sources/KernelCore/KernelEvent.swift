/// Something that a kernel would report; `Reports` turns it into the kernel's text.
public enum KernelEvent {
    /// A wait closed a cycle: these tasks will never go on.
    case cycle(WaitCycle)
    /// Two locks were taken in both orders.
    case inversion(LockInversion)
    /// An access to freed memory or freed code; the task is dead.
    case oops(Oops)
    /// A `WARN`.
    case warning(Warning)
    /// A trace of the current task, behind a line of the log: nothing that counts as a failure by itself.
    case stack(StackDump)
}

/// Where a task was when something was worth a trace. The kernel's `dump_stack`.
public struct StackDump {
    /// The task.
    public let task: KernelTask
    /// The kernel's functions that the simulated ones called, outermost first.
    public let innermost: [String]
    /// The functions that it was in, outermost first.
    public let frames: [Frame]
}

/// An access to freed memory or freed code. The kernel's `BUG: unable to handle page fault`.
public struct Oops {
    /// The task that was killed.
    public let task: KernelTask
    /// What was freed, e.g. `zram_table`.
    public let what: String
    /// The address that faulted: made up, but the same for the same allocation.
    public let address: UInt64
    /// The functions that it was in, outermost first.
    public let frames: [Frame]
    /// When, in nanoseconds since boot.
    public let time: UInt64
}

/// A `WARN` of the simulated kernel.
public struct Warning {
    /// The task that ran into it.
    public let task: KernelTask
    /// The text, empty for a bare `WARN_ON`.
    public let text: String
    /// Where, as the kernel prints it: `kernel/cpu.c:2069`.
    public let place: String
    /// The kernel's function that holds the `WARN`.
    public let function: String
    /// The functions that it was in, outermost first.
    public let frames: [Frame]
    /// A short name by which verdicts tell warnings apart, e.g. `instances-left`.
    public let kind: String
}

extension Kernel {
    /// Reports a `WARN`; the task goes on.
    public func warn(_ kind: String, _ text: String, at place: String, in function: String) {
        if isHalting { return }
        raise(
            .warning(
                Warning(
                    task: current, text: text, place: place, function: function, frames: current.frames, kind: kind)))
        // As the kernel's: the report of the first warning still says "Not tainted".
        taints.insert("W")
    }

    /// Prints where the current task is, as `dump_stack` called by the last of these functions.
    public func dumpStack(under innermost: [String]) {
        if isHalting || mode == .exploring { return }
        raise(.stack(StackDump(task: current, innermost: innermost, frames: current.frames)))
    }

    /// Reports a page fault of the current task and kills it: it stops at its next step, with all that it holds.
    public func fault(_ what: String, in memory: KernelMemory?) { fault(what, page: memory.map { UInt64($0.id) }) }

    func fault(_ what: String, page: UInt64?) {
        if isHalting || current.state == .dead { return }
        // Code lies where modules are mapped, data where the kernel maps memory.
        let base: UInt64 = page == nil ? 0xffff_ffff_c000_0000 : 0xffff_c900_0000_0000
        let page = page ?? mix(what.fingerprint, 1) & 0x3fff
        current.state = .dead
        raise(
            .oops(
                Oops(
                    task: current, what: what, address: base | page << 12, frames: current.frames,
                    time: mode == .live ? now : 0)))
        taints.insert("D")
    }

    /// Says that code was freed. While exploring, who is in it faults at once: it can only return into it, and that
    /// it is in it need not be a question at each of its steps.
    public func freed(text: any KernelText) {
        guard mode == .exploring, !isHalting else { return }
        accesses.textEvent()
        let freeing = current
        for task in tasks where task !== freeing && task.text.contains(where: { $0 === text }) {
            current = task
            fault("\(text.name) text", in: nil)
        }
        current = freeing
    }

    /// Sets a taint flag, in the kernel's letters.
    public func taint(_ flag: Character) { taints.insert(flag) }

    /// Hands an event to whoever listens.
    public func raise(_ event: KernelEvent) { onEvent?(event) }
}
