extension Kernel {
    /// Takes a step: the one place where tasks interleave.
    ///
    /// Returns when `operation` is admitted by `object`; what the caller does to the object after that, up to its next
    /// step, is atomic. Blocking suspends the task and no OS thread. In a halting instance it returns at once.
    @inlinable @inline(__always)
    public func step(
        _ operation: Operation, on object: KernelObject, _ file: StaticString = #fileID, _ line: UInt32 = #line
    ) async {
        let task = current
        if passes(task), object.admits(operation, task), !object.isGone { return }
        await slowStep(operation, object, task, file, line)
    }

    /// True if nothing but the object of a step can keep the task from taking it: it runs live, no gate is closed,
    /// nobody traces, and its code is still there.
    ///
    /// What asks this first can take an admitted step in a function that is not async, which costs a tenth.
    @inlinable @inline(__always)
    public func passes(_ task: KernelTask) -> Bool {
        mode == .live && !isMutable && !isInstrumented && !isHalting && task.state == .running
            && (task.text.isEmpty || textIsThere(task))
    }

    /// Passes the gate behind a step, `NAME.done`; no step of its own.
    @inlinable @inline(__always)
    public func stepDone(_ operation: Operation, on object: KernelObject) async {
        if points.armed > 0 { await passGate(current, operation, object, done: true) }
    }

    @inline(never) @usableFromInline
    func slowStep(
        _ operation: Operation, _ object: KernelObject, _ task: KernelTask, _ file: StaticString, _ line: UInt32
    ) async {
        guard !isHalting else { return }
        if task.state == .dead { return await rest(task) }
        // Who is about to use a member points to the memory.
        if let memory = object.home?.memory { know(memory) }
        if mode == .exploring, runsFreely, object.isGone || object.admits(operation, task) {
            task.observe(UInt64(operation.rawValue) << 32 | UInt64(object.id))
        } else if mode == .exploring {
            if operation.sleepsUntilWoken, !object.isGone, !object.admits(operation, task) { object.sleep(task) }
            task.pending = Pending(operation: operation, object: object, since: 0, file: file, line: line)
            task.state = .parked
            await task.suspend()
            if isHalting { return }
            task.state = .running
            if let coverage { coverage.took(operation, object, file, line) }
            forgetDriver(task)
            // Lets go of the object: what nobody refers to any more is no longer part of the state.
            task.pending = nil
            task.observe(UInt64(operation.rawValue) << 32 | UInt64(object.id))
        } else {
            if task.debt > 0 { await pay(task) }
            if let jitter { await sleep(jitter.next(), as: "delay") }
            await passGate(task, operation, object, done: false)
            await block(operation, object, task, file, line)
        }
        if trace.isOn { trace.record(self, task, operation, object) }
        object.useHome()
        if task.state == .dead { return await rest(task) }
        if !task.text.isEmpty, !textIsThere(task) {
            fault("\(task.text.last!.name) text", in: nil)
            await rest(task)
        }
    }

    /// The current task uses a member of memory that was freed.
    @inline(never)
    func faultGone(_ object: KernelObject) {
        fault(object.home?.kind ?? object.name, page: object.home?.memory.map { UInt64($0) })
    }

    /// A task that was killed by an oops stays where it is, and holds what it held.
    func rest(_ task: KernelTask) async {
        task.onDeath.take()?()
        while !isHalting { await task.suspend() }
    }

    @usableFromInline
    func textIsThere(_ task: KernelTask) -> Bool { !task.text[task.text.count - 1].isFreed }

    private func block(
        _ operation: Operation, _ object: KernelObject, _ task: KernelTask, _ file: StaticString, _ line: UInt32
    ) async {
        guard !object.isGone, !object.admits(operation, task) else { return }
        task.pending = Pending(operation: operation, object: object, since: now, file: file, line: line)
        task.state = .blocked
        task.beginsToWait(at: now)
        object.waiters.append(task)
        if trace.isOn { trace.record(self, task, operation, object, .wait) }
        if let cycle = WaitCycle(closedBy: task) {
            for party in cycle.parties { party.task.isDeadlocked = true }
            raise(.cycle(cycle))
        }
        repeat { await task.suspend() } while !isHalting && !object.isGone && !object.admits(operation, task)
        if let place = object.waiters.firstIndex(where: { $0 === task }) { object.waiters.remove(at: place) }
        task.pending = nil
        task.state = .running
        task.isDeadlocked = false
    }

    /// Lets a parked task of an exploration take its step, and runs until every task is parked, blocked or done.
    public func resume(_ task: KernelTask) {
        task.resume()
        executor.drain()
        if hasFreed { settleFreed() }
    }

    /// True if the parked task's next step can be taken now.
    public func isEnabled(_ task: KernelTask) -> Bool {
        guard task.state == .parked else { return false }
        guard let pending = task.pending else { return true }
        let isAdmitted =
            pending.object.isGone || !task.isAsleep && pending.object.admits(pending.operation, task)
        if !isAdmitted, let coverage { coverage.waits(pending.operation, pending.object) }
        return isAdmitted
    }

    /// Enters a function of the simulated kernel; the shadow stack that reports print. Pair it with `leave()`.
    @inline(__always)
    public func enter(_ function: StaticString = #function, _ file: StaticString = #fileID) {
        if keepsFrames { withCurrent { $0.calls.push(Frame(function: function, file: file)) } }
    }

    /// Leaves the function that was entered last.
    @inline(__always)
    public func leave() {
        if keepsFrames { withCurrent { if !$0.calls.isEmpty { $0.calls.pop() } } }
    }
}
