import CFuse3
import CFuseShims
import KernelCore
import Kernfs
import SystemPackage

extension Bridge {
    /// Does the call's work as a task of the simulated kernel and answers the request when it has ended.
    ///
    /// What does not block ends at once, on this thread or on one that is in the isolation already, and is answered
    /// from there: outside the isolation, at the cost of no thread hop. What blocks is answered whenever it ends.
    @inline(__always)
    func start(_ call: Call) {
        if mirror != nil, startMirrored(call) { return }
        var ended: Call?
        if isolation.tryRun({ ended = serve(call) }, then: { if let ended { answer(ended) } }) { return }
        isolation.leave { [self] in
            if begin(call) { isolation.afterwards { [self] in answer(call) } }
        }
    }

    /// Does the call's work, and that of the calls behind it, as far as this worker alone reads and none has to wait.
    /// - Returns: the last of them if it has ended.
    @inline(__always)
    private func serve(_ call: Call) -> Call? {
        guard mirror == nil, call.unique != 0, zf_context_disks(context) == 0 else { return begin(call) ? call : nil }
        let turn = Turn(self, call)
        let isDone = begin(call)
        let last = turn.end()
        if last === call { return isDone ? call : nil }
        return (last.serial == 0 ? begin(last) : hasEnded(last)) ? last : nil
    }

    /// Has the mirror look at the host first, if the call depends on who has disks open there.
    private func startMirrored(_ call: Call) -> Bool {
        guard let mirror, let node = call.stored, mirror.matters(to: node) else { return false }
        host.post { [self] in
            mirror.look()
            isolation.leave { [self] in
                if begin(call) { isolation.afterwards { [self] in answer(call) } }
            }
        }
        return true
    }

    /// - Returns: true if the call has ended.
    @inline(__always)
    private func begin(_ call: Call) -> Bool {
        guard !isClosed else { return true }
        if kernel.trace.isOn { call.isRecorded = true }
        kernel.run(pid: call.pid, work: call)
        return hasEnded(call)
    }

    /// True if it has; else the call waits from now on.
    @inline(__always)
    private func hasEnded(_ call: Call) -> Bool {
        guard call.outcome == nil, let task = kernel.task(numbered: call.serial) else { return true }
        if task.state == .dead {
            call.kill()
            return true
        }
        park(call, task)
        return false
    }

    /// The task waits: from now on a signal of the caller ends the call.
    private func park(_ call: Call, _ task: KernelTask) {
        call.task = task
        call.ticket = calls.insert(call)
        // The call is not kept by itself, and the bridge until the call is no longer among those that wait.
        call.onEnd = { [self, weak call] outcome in if let call { endLater(call, outcome) } }
        task.onDeath = { [self, weak call] in
            guard let call, !call.isAbandoned else { return }
            call.kill()
            forget(call)
            isolation.afterwards { [self] in answer(call) }
        }
        if call.unique != 0 {
            let isSignalled = interrupts.change { $0.insert(call.unique, ticket: call.ticket) }
            if isSignalled { attendant.post(interrupt: call.ticket) }
        }
        // libfuse may call back at once, with its own lock held: the callback must not enter the isolation.
        call.onInterrupt { Bridge.of($0).attendant.post(interrupt: UInt64(UInt(bitPattern: $1))) }
    }

    /// The task of a call that had to wait has ended; in the isolation.
    func endLater(_ call: Call, _ outcome: Call.Outcome) {
        guard !call.isAbandoned else { return }
        call.outcome = outcome
        forget(call)
        isolation.afterwards { [self] in answer(call) }
    }

    private func answer(_ call: Call) {
        if let mirror, !call.isForHost, mirror.isBehind {
            // What the call did must be there on the host before its caller hears of it.
            host.post { [self] in
                mirror.follow()
                tell(call)
            }
        } else {
            tell(call)
        }
    }

    func tell(_ call: Call) {
        guard let unwanted = call.answer() else { return }
        isolation.run { drop(unwanted) }
    }

    /// The caller of a waiting call got a signal: answers him at once. The task stays, and gets the signal as well.
    ///
    /// In the simulated kernel he sleeps uninterruptibly, and what gets him out is a courtesy to who wants him out; a
    /// shell whose background job has ended is not to be disturbed.
    func interrupted(_ ticket: UInt64) {
        guard let pid = isolation.read({ calls[ticket]?.pid }) else { return }
        guard Processes.wantsOut(pid) else { return attendant.post(interruptAgain: ticket) }
        isolation.run {
            guard let call = calls[ticket] else { return }
            let task = call.task
            abandon(call, .interrupted)
            task?.signal()
        }
    }

    /// The call waits no longer.
    private func forget(_ call: Call) {
        calls.remove(call.ticket)
        if call.unique != 0 { interrupts.change { $0.remove(call.unique) } }
        call.task = nil
    }

    /// The caller of a transfer got a signal; outside the isolation.
    /// - Returns: false if no transfer of that number waits.
    func signalled(_ unique: UInt64) -> Bool {
        guard let ticket = interrupts.change({ $0.interrupted(unique) }) else { return false }
        attendant.post(interrupt: ticket)
        return true
    }

    /// Answers a waiting call although its task has not ended; in the isolation.
    func abandon(_ call: Call, _ error: Errno) {
        forget(call)
        call.isAbandoned = true
        call.outcome = .failed(error)
        isolation.afterwards { _ = call.answer() }
    }

    /// An alarm of the simulated kernel is due.
    func rang(_ alarm: UInt64) {
        isolation.run { alarms.remove(alarm)?() }
    }
}
