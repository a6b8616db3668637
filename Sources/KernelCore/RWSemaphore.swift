/// A sleeping lock with many readers or one writer. The kernel's `struct rw_semaphore`.
///
/// A writer that waits for readers keeps new readers out, as the kernel's queue does. While nobody has the lock, anybody
/// can take it: that the kernel hands it to the first in its queue after a while is one of the orders.
public final class RWSemaphore: KernelObject {
    /// The task that holds it for writing.
    public var writer: KernelTask? { owner?.takeUnretainedValue() }
    /// Behind `writer`. Not counted: what a task holds keeps it known to its kernel (`Kernel.ended`).
    private var owner: Unmanaged<KernelTask>?
    /// The tasks that hold it for reading.
    private var readers = Holders()
    /// While exploring: writers that have found readers, and wait.
    private var queue = Holders()
    private let ownClass: LockClass

    /// - Parameters:
    ///   - name: as lockdep prints it, e.g. `&zram->init_lock`.
    ///   - point: the name in gates and schedules, e.g. `init_lock`.
    ///   - home: the memory that it is a member of; nil for a static lock of the kernel's own.
    public init(kernel: Kernel, name: String, point: String? = nil, in home: Members? = nil) {
        ownClass = kernel.lockdep.lockClass(name, kind: .rwsem)
        super.init(kernel: kernel, name: name, pointName: point, lockClass: ownClass, in: home)
        kernel.points.declare(self.pointName, [.downRead, .upRead, .downWrite, .upWrite])
    }

    public override var isVariable: Bool { true }

    public override var title: String { "rwsem \(name)" }

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        switch operation {
        case .downRead: owner == nil && (readers.count == 0 || !hasWaitingWriter)
        // While exploring, to begin to wait for readers is a step of its own.
        case .downWrite: owner == nil && (readers.count == 0 || kernel.mode == .exploring && !queue.contains(task))
        default: true
        }
    }

    public override func holders(against operation: Operation) -> [KernelTask] {
        switch operation {
        case .downRead: writer.map { [$0] } ?? waitingWriters
        case .downWrite: writer.map { [$0] } ?? readers.list
        default: []
        }
    }

    private var hasWaitingWriter: Bool {
        queue.count > 0 || !waiters.isEmpty && waiters.contains { $0.pending?.operation == .downWrite }
    }

    private var waitingWriters: [KernelTask] {
        queue.list + waiters.filter { $0.pending?.operation == .downWrite }
    }

    /// Takes the lock for reading, as `down_read`.
    @inlinable @inline(__always)
    public func downRead(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if !takeAtOnce(.downRead, file, line) { await takeSlowly(.downRead, file, line) }
    }

    /// Gives a reader's share back, as `up_read`.
    @inlinable @inline(__always)
    public func upRead(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if !giveBackAtOnce(.upRead) { await giveBackSlowly(.upRead, file, line) }
    }

    /// Takes the lock for writing, as `down_write`.
    @inlinable @inline(__always)
    public func downWrite(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if !takeAtOnce(.downWrite, file, line) { await takeSlowly(.downWrite, file, line) }
    }

    /// Gives the lock back, as `up_write`.
    @inlinable @inline(__always)
    public func upWrite(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if !giveBackAtOnce(.upWrite) { await giveBackSlowly(.upWrite, file, line) }
    }

    @usableFromInline
    func takeAtOnce(_ operation: Operation, _ file: StaticString, _ line: UInt32) -> Bool {
        kernel.withCurrent { task in
            guard kernel.passes(task), admits(operation, task), !isGone else { return false }
            acquiring(operation, task, file, line)
            take(operation, task, file, line)
            return true
        }
    }

    @usableFromInline @inline(never)
    func takeSlowly(_ operation: Operation, _ file: StaticString, _ line: UInt32) async {
        if omits(operation, file, line) { return }
        acquiring(operation, kernel.current, file, line)
        await kernel.step(operation, on: self, file, line)
        if kernel.isHalting { return }
        if operation == .downWrite, readers.count > 0 {
            await waitForReaders(file, line)
            if kernel.isHalting { return }
        }
        take(operation, kernel.current, file, line)
        await kernel.stepDone(operation, on: self)
        if endsEarly(operation, file, line) {
            let release: Operation = operation == .downRead ? .upRead : .upWrite
            await kernel.step(release, on: self, file, line)
            if !kernel.isHalting { giveBack(release, kernel.current) }
        }
    }

    private func waitForReaders(_ file: StaticString, _ line: UInt32) async {
        let task = kernel.current
        queue.add(task)
        changed(2, from: UInt64(queue.count - 1), to: UInt64(queue.count))
        task.observe(7)
        await kernel.step(.downWrite, on: self, file, line)
        if kernel.isHalting { return }
        _ = queue.remove(task)
        changed(2, from: UInt64(queue.count + 1), to: UInt64(queue.count))
    }

    @usableFromInline
    func giveBackAtOnce(_ operation: Operation) -> Bool {
        kernel.withCurrent { task in
            guard kernel.passes(task), !isGone else { return false }
            giveBack(operation, task)
            return true
        }
    }

    @usableFromInline @inline(never)
    func giveBackSlowly(_ operation: Operation, _ file: StaticString, _ line: UInt32) async {
        if omits(operation, file, line) || wasOmitted() { return }
        await kernel.step(operation, on: self, file, line)
        if kernel.isHalting { return }
        giveBack(operation, kernel.current)
        await kernel.stepDone(operation, on: self)
    }

    @inline(__always)
    private func isWritten(by task: KernelTask) -> Bool {
        owner?.toOpaque() == Unmanaged.passUnretained(task).toOpaque()
    }

    @inline(__always)
    private func acquiring(_ operation: Operation, _ task: KernelTask, _ file: StaticString, _ line: UInt32) {
        kernel.acquiring(ownClass, self, operation == .downRead ? .shared : .exclusive, by: task, file, line)
    }

    @inline(__always)
    private func take(_ operation: Operation, _ task: KernelTask, _ file: StaticString, _ line: UInt32) {
        if operation == .downRead {
            readers.add(task)
            changedByOne(1, from: UInt64(readers.count - 1), to: UInt64(readers.count))
            kernel.hold(self, .shared, by: task, file, line)
        } else {
            owner = Unmanaged.passUnretained(task)
            changed(0, from: 1, to: 2)
            kernel.hold(self, .exclusive, by: task, file, line)
        }
    }

    @inline(__always)
    private func giveBack(_ operation: Operation, _ task: KernelTask) {
        if operation == .upRead {
            guard readers.remove(task) else { return imbalance("sem->count", "__up_read") }
            changedByOne(1, from: UInt64(readers.count + 1), to: UInt64(readers.count))
            kernel.release(self, by: task)
        } else {
            if !isWritten(by: task) { imbalance("(rwsem_owner(sem) != current)", "__up_write") }
            guard let writer = owner else { return }
            owner = nil
            changed(0, from: 2, to: 1)
            writer._withUnsafeGuaranteedRef { kernel.release(self, by: $0) }
        }
        noteRelease()
        wakeWaiters()
    }

    /// A driver gives back what it does not hold: what `CONFIG_DEBUG_RWSEMS` says. A semaphore that somebody else holds for
    /// writing is free all the same.
    @inline(never)
    private func imbalance(_ what: String, _ function: String) {
        kernel.warn(
            "unlock-imbalance", "DEBUG_RWSEMS_WARN_ON(\(what)) on \(name)", at: "kernel/locking/rwsem.c", in: function)
    }

    /// True if the current task holds it in any mode; what guarded state asks.
    public var isHeldByCurrent: Bool {
        kernel.withCurrent { isWritten(by: $0) || readers.contains($0) }
    }

    /// Runs `body` with the lock held for reading.
    @inlinable @inline(__always)
    public func withRead<R, E: Error>(
        _ file: StaticString = #fileID, _ line: UInt32 = #line, _ body: () async throws(E) -> R
    ) async throws(E) -> R {
        await downRead(file, line)
        do {
            let result = try await body()
            await upRead(file, line)
            return result
        } catch {
            await upRead(file, line)
            throw error
        }
    }

    /// Runs `body` with the lock held for writing.
    @inlinable @inline(__always)
    public func withWrite<R, E: Error>(
        _ file: StaticString = #fileID, _ line: UInt32 = #line, _ body: () async throws(E) -> R
    ) async throws(E) -> R {
        await downWrite(file, line)
        do {
            let result = try await body()
            await upWrite(file, line)
            return result
        } catch {
            await upWrite(file, line)
            throw error
        }
    }
}
