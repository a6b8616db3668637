/// Shared state that a lock protects: an access by a task that does not hold the lock traps.
public final class Guarded<Value: Fingerprinted>: KernelObject {
    private var storage: Value
    private let isHeld: () -> Bool
    private weak var owner: KernelMemory?

    /// - Parameters:
    ///   - memory: the allocation that the variable is a member of; an access after it was freed is a page fault.
    ///   - isHeld: whether the current task may touch it.
    public init(
        _ value: Value, kernel: Kernel, name: String, in memory: KernelMemory? = nil, by isHeld: @escaping () -> Bool
    ) {
        storage = value
        self.isHeld = isHeld
        owner = memory
        super.init(kernel: kernel, name: name)
        changed(0, from: 0, to: value.fingerprint)
    }

    /// The value, seen and changed under the lock.
    public var value: Value {
        get {
            check()
            kernel.withCurrent { $0.observe(mix(UInt64(id), storage.fingerprint)) }
            noteRead()
            kernel.know(storage)
            return storage
        }
        set {
            check()
            if kernel.current.state == .dead { return }
            kernel.drop(storage)
            changed(0, from: storage.fingerprint, to: newValue.fingerprint)
            storage = newValue
        }
    }

    /// Reads it without the lock, as a driver may on purpose: a step, for the value can change at any time.
    public func loadUnlocked(_ file: StaticString = #fileID, _ line: UInt32 = #line) async -> Value {
        await kernel.step(.load, on: self, file, line)
        owner?.check()
        kernel.withCurrent { $0.observe(storage.fingerprint) }
        noteRead()
        kernel.know(storage)
        return storage
    }

    /// The value for reports, tests and tear-down, with no check and no observation.
    public var unchecked: Value { storage }

    private func check() {
        if kernel.isHalting || kernel.withCurrent({ $0 === kernel.idle }) { return }
        owner?.check()
        precondition(isHeld(), "\(name) is touched by a task that does not hold its lock")
    }
}

/// Shared state that no lock protects: every access is a step.
public final class Racy<Value: Fingerprinted>: KernelObject {
    private var storage: Value
    private weak var owner: KernelMemory?

    /// A variable of the simulated kernel; `memory` as for `Guarded`.
    public init(_ value: Value, kernel: Kernel, name: String, in memory: KernelMemory? = nil) {
        storage = value
        owner = memory
        super.init(kernel: kernel, name: name)
        changed(0, from: 0, to: value.fingerprint)
        kernel.points.declare(pointName, [.load, .store])
    }

    /// Reads the variable; `READ_ONCE`.
    public func load(_ file: StaticString = #fileID, _ line: UInt32 = #line) async -> Value {
        await kernel.step(.load, on: self, file, line)
        check()
        kernel.withCurrent { $0.observe(storage.fingerprint) }
        noteRead()
        kernel.know(storage)
        return storage
    }

    /// Changes the variable under a lock that is not simulated: one step.
    public func update(
        _ file: StaticString = #fileID, _ line: UInt32 = #line, _ change: (inout Value) -> Void
    ) async {
        await kernel.step(.store, on: self, file, line)
        check()
        if kernel.isHalting || kernel.current.state == .dead { return }
        noteCondition()
        kernel.drop(storage)
        let old = storage.fingerprint
        change(&storage)
        changed(0, from: old, to: storage.fingerprint)
    }

    /// Writes the variable; `WRITE_ONCE`.
    public func store(_ value: Value, _ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        await kernel.step(.store, on: self, file, line)
        check()
        if kernel.isHalting || kernel.current.state == .dead { return }
        kernel.drop(storage)
        changed(0, from: storage.fingerprint, to: value.fingerprint)
        storage = value
    }

    /// The value for reports, tests and tear-down: no step, no check, no observation.
    public var unchecked: Value { storage }

    /// Lets go of what a variable refers to when the kernel is torn down.
    public func forget(_ value: Value) { storage = value }

    private func check() {
        owner?.check()
    }
}
