/// A sleeping lock with one owner. The kernel's `struct mutex`.
public final class Mutex: KernelObject {
    /// The task that holds it.
    public var owner: KernelTask? { holder?.takeUnretainedValue() }
    /// Behind `owner`. Not counted: what a task holds keeps it known to its kernel (`Kernel.ended`).
    private var holder: Unmanaged<KernelTask>?
    private let ownClass: LockClass

    /// - Parameters:
    ///   - name: as lockdep prints it, e.g. `&disk->open_mutex`; mutexes of one name are one lock class.
    ///   - point: the name in gates and schedules, e.g. `open_mutex`.
    ///   - home: the memory that it is a member of; nil for a static lock of the kernel's own.
    public init(kernel: Kernel, name: String, point: String? = nil, in home: Members? = nil) {
        ownClass = kernel.lockdep.lockClass(name, kind: .mutex)
        super.init(kernel: kernel, name: name, pointName: point, lockClass: ownClass, in: home)
        kernel.points.declare(self.pointName, [.lock, .unlock])
    }

    /// A mutex that is made often and knows its class; its gates are declared by whoever owns the class.
    public init(kernel: Kernel, lockClass: LockClass, name: String, point: String, sharing other: KernelObject) {
        ownClass = lockClass
        super.init(kernel: kernel, name: name, pointName: point, lockClass: lockClass, sharing: other)
    }

    public override var isVariable: Bool { true }

    public override var title: String { "mutex \(name)" }

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        operation != .lock || holder == nil || mutated("a mutex has many owners")
    }

    public override func holders(against operation: Operation) -> [KernelTask] {
        operation == .lock ? owner.map { [$0] } ?? [] : []
    }

    /// Takes the lock; uninterruptible, as `mutex_lock`.
    @inlinable @inline(__always)
    public func lock(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if !lockAtOnce(file, line) { await lockSlowly(file, line) }
    }

    @usableFromInline
    func lockAtOnce(_ file: StaticString, _ line: UInt32) -> Bool {
        kernel.withCurrent { task in
            guard holder == nil, !isGone, kernel.passes(task) else { return false }
            kernel.acquiring(ownClass, self, .exclusive, by: task, file, line)
            take(task, file, line)
            return true
        }
    }

    @usableFromInline @inline(never)
    func lockSlowly(_ file: StaticString, _ line: UInt32) async {
        if omits(.lock, file, line) { return }
        kernel.acquiring(ownClass, self, .exclusive, by: kernel.current, file, line)
        await kernel.step(.lock, on: self, file, line)
        if kernel.isHalting { return }
        take(kernel.current, file, line)
        await kernel.stepDone(.lock, on: self)
        if endsEarly(.lock, file, line) {
            await kernel.step(.unlock, on: self, file, line)
            if !kernel.isHalting { giveBack(kernel.current) }
        }
    }

    /// Takes the lock if it is free, as `mutex_trylock`.
    public func tryLock(_ file: StaticString = #fileID, _ line: UInt32 = #line) async -> Bool {
        await kernel.step(.tryLock, on: self, file, line)
        if kernel.isHalting { return true }
        kernel.current.observe(holder == nil ? 3 : 5)
        noteLook()
        guard holder == nil else { return false }
        take(kernel.current, file, line)
        return true
    }

    /// Gives the lock back, a step of its own, as `mutex_unlock`.
    @inlinable @inline(__always)
    public func unlock(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if !unlockAtOnce() { await unlockSlowly(file, line) }
    }

    @usableFromInline
    func unlockAtOnce() -> Bool {
        kernel.withCurrent { task in
            guard !isGone, kernel.passes(task) else { return false }
            giveBack(task)
            return true
        }
    }

    @usableFromInline @inline(never)
    func unlockSlowly(_ file: StaticString, _ line: UInt32) async {
        if omits(.unlock, file, line) || wasOmitted() { return }
        await kernel.step(.unlock, on: self, file, line)
        if kernel.isHalting { return }
        giveBack(kernel.current)
        await kernel.stepDone(.unlock, on: self)
    }

    /// Runs `body` under the lock.
    @inlinable @inline(__always)
    public func withLock<R, E: Error>(
        _ file: StaticString = #fileID, _ line: UInt32 = #line, _ body: () async throws(E) -> R
    ) async throws(E) -> R {
        await lock(file, line)
        do {
            let result = try await body()
            await unlock(file, line)
            return result
        } catch {
            await unlock(file, line)
            throw error
        }
    }

    /// True if the current task holds it; what guarded state asks.
    public var isHeldByCurrent: Bool { kernel.withCurrent { isHeld(by: $0) } }

    @inline(__always)
    private func isHeld(by task: KernelTask) -> Bool {
        holder?.toOpaque() == Unmanaged.passUnretained(task).toOpaque()
    }

    @inline(__always)
    private func giveBack(_ task: KernelTask) {
        guard let holder else { return imbalance() }
        if !isHeld(by: task) { imbalance() }
        self.holder = nil
        changed(0, from: 2, to: 1)
        noteRelease()
        holder._withUnsafeGuaranteedRef { kernel.release(self, by: $0) }
        if !mutated("mutex_unlock wakes nobody") { wakeWaiters() }
    }

    /// A driver unlocks what it does not hold: what `CONFIG_DEBUG_MUTEXES` says, not lockdep's longer report. A mutex of
    /// somebody else is free all the same.
    @inline(never)
    private func imbalance() {
        kernel.warn(
            "unlock-imbalance", "DEBUG_LOCKS_WARN_ON(__owner_task(owner) != get_current())",
            at: "kernel/locking/mutex.c:913", in: "__mutex_unlock_slowpath")
    }

    @inline(__always)
    private func take(_ task: KernelTask, _ file: StaticString, _ line: UInt32) {
        holder = Unmanaged.passUnretained(task)
        changed(0, from: 1, to: 2)
        kernel.hold(self, .exclusive, by: task, file, line)
    }
}
