import KernelCore

/// A worker in the isolation that goes from call to call without leaving its Swift task, as long as none has to wait: to
/// suspend the task and to resume it for each would cost as much as a small attribute.
final class Turn {
    /// Not counted: it outlives its workers.
    private unowned(unsafe) let bridge: Bridge
    /// The call that it has in hand.
    private var call: Call

    init(_ bridge: Bridge, _ call: Call) {
        self.bridge = bridge
        self.call = call
        call.turn = self
    }

    /// Goes on from a call that has ended.
    /// - Returns: nil if the worker must go back to its loop.
    func next(after ended: Call) -> Call? {
        guard let next = bridge.next(after: ended) else { return nil }
        ended.turn = nil
        next.turn = self
        call = next
        // Meanwhile there may be another system.
        return next.mayBegin ? next : nil
    }

    /// The worker goes back.
    /// - Returns: the call that it took last, which may have begun, and ended, or not.
    func end() -> Call {
        call.turn = nil
        return call
    }
}

extension Bridge {
    /// Answers a call that has ended, and waits for the next one, outside the isolation; nil if there is other work.
    func next(after ended: Call) -> Call? {
        let before = ObjectIdentifier(kernel)
        guard isolation.pause() else { return nil }
        tell(ended)
        let next = nextCall()
        isolation.unpause()
        guard let next else { return nil }
        next.mayBegin = !isClosed && ObjectIdentifier(kernel) == before
        if kernel.trace.isOn { next.isRecorded = true }
        return next
    }
}
