import KernelCore
import KernelModule

/// The right to run a node's methods. While it exists, removal waits in its drain.
///
/// Giving it back is a step, so that it cannot be dropped: `put()` must be called.
public struct ActiveReference: ~Copyable {
    fileprivate let node: KernfsNode

    fileprivate init(_ node: KernfsNode) { self.node = node }

    /// Gives the reference back and wakes who drains the node.
    ///
    /// The corresponding kernel function is `kernfs_put_active`.
    @inline(__always)
    public consuming func put(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        await node.putActive(file, line)
        isPut = true
    }

    private var isPut = false

    deinit {
        precondition(isPut || node.kernel.isHalting, "an active reference to \(node.path) was dropped")
    }
}

extension KernfsNode {
    /// Takes an active reference to the node.
    ///
    /// While the reference exists the node's methods may run and a drain waits for it. Under `kernfs-pins-module` it
    /// pins the owner's module too.
    /// - Returns: nil once removal has begun (the caller says `ENODEV`).
    ///
    /// The corresponding kernel function is `kernfs_get_active`.
    @inline(__always)
    public func getActive(_ file: StaticString = #fileID, _ line: UInt32 = #line) async -> ActiveReference? {
        if getActiveAtOnce(file, line) { return ActiveReference(self) }
        return await getActiveSlowly(file, line) ? ActiveReference(self) : nil
    }

    private func getActiveAtOnce(_ file: StaticString, _ line: UInt32) -> Bool {
        kernel.withCurrent { task in
            guard isActive, !root.pinsModule, kernel.passes(task) else { return false }
            if let lockClass { kernel.trying(lockClass) }
            take(task, file, line)
            return true
        }
    }

    private func getActiveSlowly(_ file: StaticString, _ line: UInt32) async -> Bool {
        if omits(.getActive, file, line) { return true }
        if let lockClass { kernel.trying(lockClass) }
        await kernel.step(.getActive, on: self, file, line)
        if kernel.isHalting { return false }
        kernel.current.observe(isActive.fingerprint)
        noteRead()
        guard isActive || mutated("get_active ignores deactivation") else { return false }
        take(kernel.current, file, line)
        if root.pinsModule, let owner, await !owner.tryGet(file, line) {
            if mutated("a failed pin keeps the reference") { return false }
            drop(kernel.current)
            wakeWaiters()
            return false
        }
        await kernel.stepDone(.getActive, on: self)
        if endsEarly(.getActive, file, line) {
            await kernel.step(.putActive, on: self, file, line)
            if !kernel.isHalting { drop(kernel.current) }
        }
        return true
    }

    @inline(__always)
    private func take(_ task: KernelTask, _ file: StaticString, _ line: UInt32) {
        count(+1)
        activeHolders.add(task)
        kernel.hold(self, .shared, by: task, file, line)
    }

    @inline(__always)
    func putActive(_ file: StaticString, _ line: UInt32) async {
        if !putActiveAtOnce() { await putActiveSlowly(file, line) }
    }

    private func putActiveAtOnce() -> Bool {
        kernel.withCurrent { task in
            guard !root.pinsModule, kernel.passes(task) else { return false }
            drop(task)
            wakeWaiters()
            return true
        }
    }

    private func putActiveSlowly(_ file: StaticString, _ line: UInt32) async {
        if omits(.putActive, file, line) || wasOmitted() { return }
        await kernel.step(.putActive, on: self, file, line)
        if kernel.isHalting { return }
        drop(kernel.current)
        if root.pinsModule, let owner, !mutated("put_active keeps the pin") { await owner.put(file, line) }
        if !mutated("put_active wakes nobody") { wakeWaiters() }
        await kernel.stepDone(.putActive, on: self)
    }

    /// Lets the node go although the current task's own method still runs in it: a remover no longer waits for it.
    ///
    /// The corresponding kernel function is `kernfs_break_active_protection`.
    public func breakActiveProtection() async { await putActive(#fileID, #line) }

    /// Restores the count that `breakActiveProtection` gave up, so that the final put has one to give.
    ///
    /// The corresponding kernel function is `kernfs_unbreak_active_protection`.
    public func unbreakActiveProtection() async {
        if mutated("unbreak omitted") { return }
        await kernel.step(.getActive, on: self)
        if kernel.isHalting { return }
        take(kernel.current, #fileID, #line)
        if root.pinsModule, !root.skipsUnbreakPairing, let owner { await owner.get() }
    }

    func count(_ change: Int) {
        let old = active
        active += change
        let (from, to) = (UInt64(bitPattern: Int64(old)), UInt64(bitPattern: Int64(active)))
        // Coming and going commute; only who deactivates can tell how many there are, and waits for them to go.
        if (old < 0) == (active < 0) { changedByOne(0, from: from, to: to) } else { changed(0, from: from, to: to) }
    }

    private func drop(_ task: KernelTask) {
        count(-1)
        _ = activeHolders.remove(task)
        kernel.release(self, by: task)
    }
}
