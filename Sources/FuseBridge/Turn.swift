import KernelCore

/// A worker in the isolation that goes from call to call without leaving its Swift task, as long as none has to wait: to
/// suspend the task and to resume it for each would cost as much as a small attribute.
final class Turn {
    private let bridge: Bridge
    /// The call that it has in hand.
    private var call: Call

    init(_ bridge: Bridge, _ call: Call) {
        self.bridge = bridge
        self.call = call
        call.turn = self
    }

    /// Answers the call, which has ended, and waits for the next one, outside the isolation.
    /// - Returns: nil if the worker must go back to its loop.
    func next() -> Call? {
        let kernel = bridge.kernel
        var next: Call?
        let hasLeft = bridge.isolation.pause { [self] in
            bridge.answer(call)
            next = bridge.nextCall()
        }
        guard hasLeft, let next else { return nil }
        call.turn = nil
        next.turn = self
        call = next
        // Meanwhile there may be another system.
        guard !bridge.isClosed, bridge.kernel === kernel else { return nil }
        if kernel.trace.isOn { next.isRecorded = true }
        return next
    }

    /// The worker goes back.
    /// - Returns: the call that it took last, which may have begun, and ended, or not.
    func end() -> Call {
        call.turn = nil
        return call
    }
}
