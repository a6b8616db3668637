import SystemPackage

/// Tasks that wait for a condition. The kernel's `wait_queue_head_t`.
public final class WaitQueue: KernelObject {
    private var conditions: [ObjectIdentifier: () -> Bool] = [:]
    /// Names the tasks that a waiter depends on, where the kernel cannot; for the wait graph.
    public var holdersHint: (() -> [KernelTask])?

    /// A queue with nobody in it.
    ///
    /// - Parameter home: the memory that it is a member of; nil for a static one of the kernel's own.
    public init(kernel: Kernel, name: String, pointName: String? = nil, in home: Members? = nil) {
        super.init(kernel: kernel, name: name, pointName: pointName, in: home)
        kernel.points.declare(self.pointName, [.wait])
    }

    public override var isVariable: Bool { true }

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        // Whether the condition holds is looked at by the step itself: by the first, and by one after each wake-up.
        if kernel.mode == .exploring { return true }
        if operation == .waitInterruptible, task.hasSignal { return true }
        return conditions[ObjectIdentifier(task)]?() ?? true
    }

    public override func holders(against operation: Operation) -> [KernelTask] { holdersHint?() ?? [] }

    /// Waits until the condition is true, as `wait_event`. Whoever makes it true calls `wakeWaiters()`.
    ///
    /// - Parameter object: what the condition is about; nil: the queue's own state.
    public func wait(
        on object: KernelObject? = nil, _ file: StaticString = #fileID, _ line: UInt32 = #line,
        until condition: @escaping () -> Bool
    ) async {
        if omits(.wait, file, line) { return }
        if kernel.mode == .exploring { return await explore(.wait, on: object ?? self, condition, file, line) }
        let me = ObjectIdentifier(kernel.current)
        conditions[me] = condition
        await kernel.step(.wait, on: self, file, line)
        conditions[me] = nil
        await kernel.stepDone(.wait, on: self)
    }

    /// Waits until the condition is true or a signal arrives, as `wait_event_interruptible`.
    ///
    /// - Parameter object: what the condition is about; nil: the queue's own state.
    /// - Throws: `EINTR` if a signal ended the wait.
    public func waitInterruptible(
        on object: KernelObject? = nil, _ file: StaticString = #fileID, _ line: UInt32 = #line,
        until condition: @escaping () -> Bool
    ) async throws(Errno) {
        if omits(.waitInterruptible, file, line) { return }
        if kernel.mode == .exploring {
            return await explore(.waitInterruptible, on: object ?? self, condition, file, line)
        }
        let me = ObjectIdentifier(kernel.current)
        conditions[me] = condition
        await kernel.step(.waitInterruptible, on: self, file, line)
        conditions[me] = nil
        if !kernel.isHalting, !condition() { throw .interrupted }
    }

    /// Looks, sleeps until it is woken, and looks again: the loop of `___wait_event`.
    private func explore(
        _ operation: Operation, on object: KernelObject, _ condition: () -> Bool, _ file: StaticString, _ line: UInt32
    ) async {
        while true {
            await kernel.step(operation, on: self, file, line)
            if kernel.isHalting { return }
            let holds = condition()
            object.observe(holds.fingerprint)
            noteRead()
            if holds { return }
            sleep(kernel.current)
        }
    }
}

/// Something that happens once or several times and can be waited for. The kernel's `struct completion`.
public final class Completion: KernelObject {
    private var done = 0
    private var expired: Set<ObjectIdentifier> = []

    /// A completion that has not happened.
    ///
    /// - Parameter home: the memory that it is a member of; nil for a static one of the kernel's own.
    public init(kernel: Kernel, name: String, pointName: String? = nil, in home: Members? = nil) {
        super.init(kernel: kernel, name: name, pointName: pointName, in: home)
        kernel.points.declare(self.pointName, [.wait, .complete])
    }

    public override var isVariable: Bool { true }

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        operation != .wait || done > 0 || expired.contains(ObjectIdentifier(task))
    }

    /// Waits for it to happen, but not longer than so many milliseconds; while exploring it may time out at any time.
    ///
    /// - Returns: the milliseconds that were left, 0 if it timed out, as `wait_for_completion_timeout`.
    public func wait(
        milliseconds: UInt64, _ file: StaticString = #fileID, _ line: UInt32 = #line
    ) async -> UInt64 {
        let me = ObjectIdentifier(kernel.current)
        let end = kernel.now + milliseconds * 1_000_000
        if kernel.mode == .live, let alarm = kernel.alarm {
            alarm(milliseconds * 1_000_000) { [weak self] in
                self?.expired.insert(me)
                self?.wakeWaiters()
            }
        } else {
            expired.insert(me)
        }
        await kernel.step(.wait, on: self, file, line)
        let isDone = done > 0
        kernel.current.observe(isDone.fingerprint)
        noteRead()
        expired.remove(me)
        guard isDone, !kernel.isHalting else { return 0 }
        take()
        return max(1, (end - min(end, kernel.now)) / 1_000_000)
    }

    /// Waits for it to happen, as `wait_for_completion`.
    public func wait(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        await kernel.step(.wait, on: self, file, line)
        if !kernel.isHalting { take() }
    }

    private func take() {
        changed(0, from: UInt64(done), to: UInt64(done - 1))
        done -= 1
    }

    /// Lets one waiter on, as `complete`.
    public func complete(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if omits(.complete, file, line) { return }
        await kernel.step(.complete, on: self, file, line)
        changed(0, from: UInt64(done), to: UInt64(done + 1))
        done += 1
        wakeWaiters()
    }

    /// Forgets that it happened, as `reinit_completion`.
    public func reinit() {
        changed(0, from: UInt64(done), to: 0)
        done = 0
    }
}
