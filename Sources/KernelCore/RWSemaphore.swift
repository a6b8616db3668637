/// A sleeping lock with many readers or one writer. The kernel's `struct rw_semaphore`.
///
/// A waiting writer does not keep new readers out, unlike the kernel's: every order that the kernel allows is a
/// schedule here, and more; what is proved here holds there.
public final class RWSemaphore: KernelObject {
    /// The task that holds it for writing.
    public private(set) var writer: KernelTask?
    /// The tasks that hold it for reading.
    public private(set) var readers: [KernelTask] = []
    private let ownClass: LockClass

    /// - Parameters:
    ///   - name: as lockdep prints it, e.g. `&zram->init_lock`.
    ///   - point: the name in gates and schedules, e.g. `init_lock`.
    public init(kernel: Kernel, name: String, point: String? = nil) {
        ownClass = kernel.lockdep.lockClass(name, kind: .rwsem)
        super.init(kernel: kernel, name: name, pointName: point)
        kernel.points.declare(self.pointName, [.downRead, .upRead, .downWrite, .upWrite])
    }

    public override var lockClass: LockClass? { ownClass }
    public override var title: String { "rwsem \(name)" }

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        switch operation {
        case .downRead: writer == nil
        case .downWrite: writer == nil && readers.isEmpty
        default: true
        }
    }

    public override func holders(against operation: Operation) -> [KernelTask] {
        switch operation {
        case .downRead: writer.map { [$0] } ?? []
        case .downWrite: writer.map { [$0] } ?? readers
        default: []
        }
    }

    /// Takes the lock for reading, as `down_read`.
    public func downRead(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        kernel.acquiring(ownClass, self, .shared, try: false, file, line)
        await kernel.step(.downRead, on: self, file, line)
        if kernel.isHalting { return }
        readers.append(kernel.current)
        changedByOne(1, from: UInt64(readers.count - 1), to: UInt64(readers.count))
        kernel.hold(self, .shared, file, line)
        await kernel.stepDone(.downRead, on: self)
    }

    /// Gives a reader's share back, as `up_read`.
    public func upRead(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        await kernel.step(.upRead, on: self, file, line)
        if kernel.isHalting { return }
        guard let place = readers.firstIndex(where: { $0 === kernel.current }) else {
            preconditionFailure("\(name) is released by a task that does not read under it")
        }
        readers.remove(at: place)
        changedByOne(1, from: UInt64(readers.count + 1), to: UInt64(readers.count))
        kernel.release(self)
        wakeWaiters()
        await kernel.stepDone(.upRead, on: self)
    }

    /// Takes the lock for writing, as `down_write`.
    public func downWrite(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        kernel.acquiring(ownClass, self, .exclusive, try: false, file, line)
        await kernel.step(.downWrite, on: self, file, line)
        if kernel.isHalting { return }
        writer = kernel.current
        changed(0, from: 1, to: 2)
        kernel.hold(self, .exclusive, file, line)
        await kernel.stepDone(.downWrite, on: self)
    }

    /// Gives the lock back, as `up_write`.
    public func upWrite(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        await kernel.step(.upWrite, on: self, file, line)
        if kernel.isHalting { return }
        precondition(writer === kernel.current, "\(name) is released by a task that does not write under it")
        writer = nil
        changed(0, from: 2, to: 1)
        kernel.release(self)
        wakeWaiters()
        await kernel.stepDone(.upWrite, on: self)
    }

    /// True if the current task holds it in any mode; what guarded state asks.
    public var isHeldByCurrent: Bool {
        writer === kernel.current || readers.contains { $0 === kernel.current }
    }

    /// Runs `body` with the lock held for reading.
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
