/// Shared state that a lock protects: an access by a task that does not hold the lock is reported.
public final class Guarded<Value: Fingerprinted>: KernelObject {
    private var storage: Value
    private let isHeld: () -> Bool

    /// A member of some memory; an access after that was freed is a page fault.
    ///
    /// - Parameter isHeld: whether the current task may touch it.
    public init(_ value: Value, in members: Members, name: String, by isHeld: @escaping () -> Bool) {
        storage = value
        self.isHeld = isHeld
        super.init(kernel: members.kernel, name: name, in: members)
        changed(0, from: 0, to: value.fingerprint)
    }

    /// A variable of the kernel's own.
    ///
    /// - Parameter isHeld: whether the current task may touch it.
    public convenience init(_ value: Value, kernel: Kernel, name: String, by isHeld: @escaping () -> Bool) {
        self.init(value, in: kernel.globals, name: name, by: isHeld)
    }

    public override var isVariable: Bool { true }

    public override func forEachReference(_ body: (UInt32) -> Void) { storage.forEachMemory(body) }

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
        kernel.withCurrent { $0.observe(storage.fingerprint) }
        noteRead()
        kernel.know(storage)
        return storage
    }

    /// The value for reports, tests and tear-down, with no check and no observation.
    public var unchecked: Value { storage }

    /// Lets go of what a variable refers to when the kernel is torn down.
    public func forget(_ value: Value) { storage = value }

    /// A driver's mistake, and nothing that the kernel would stop at: what `lockdep_assert_held` says, with the name.
    @inline(never)
    private func unguarded() {
        kernel.warn(
            "unguarded", "\(name) is used by a task that does not hold its lock", at: "include/linux/lockdep.h",
            in: "lockdep_assert_held")
    }

    private func check() {
        if kernel.isHalting || kernel.withCurrent({ $0 === kernel.idle }) { return }
        useHome()
        if kernel.withCurrent({ $0.state == .dead }) { return }
        if !isHeld() { unguarded() }
    }
}

/// Shared state that no lock protects: every access is a step.
public final class Racy<Value: Fingerprinted>: KernelObject {
    private var storage: Value
    private let isInUse: (() -> Bool)?

    /// A member of some memory; an access after that was freed is a page fault.
    ///
    /// - Parameter isInUse: whether the value means anything; while it does not, nobody will follow a pointer in it.
    public init(_ value: Value, in members: Members, name: String, while isInUse: (() -> Bool)? = nil) {
        storage = value
        self.isInUse = isInUse
        super.init(kernel: members.kernel, name: name, in: members)
        changed(0, from: 0, to: value.fingerprint)
        kernel.points.declare(pointName, [.load, .store])
    }

    /// A variable of the kernel's own.
    public convenience init(_ value: Value, kernel: Kernel, name: String) {
        self.init(value, in: kernel.globals, name: name)
    }

    public override var isVariable: Bool { true }

    public override func forEachReference(_ body: (UInt32) -> Void) {
        if isInUse?() != false { storage.forEachMemory(body) }
    }

    /// Reads the variable; `READ_ONCE`.
    public func load(_ file: StaticString = #fileID, _ line: UInt32 = #line) async -> Value {
        await kernel.step(.load, on: self, file, line)
        kernel.withCurrent { $0.observe(storage.fingerprint) }
        noteRead()
        kernel.know(storage)
        return storage
    }

    /// Changes the variable under a lock that is not simulated: one step.
    public func update(
        _ file: StaticString = #fileID, _ line: UInt32 = #line, _ change: (inout Value) -> Void
    ) async {
        if omits(.store, file, line) { return }
        await kernel.step(.store, on: self, file, line)
        if kernel.isHalting || kernel.current.state == .dead { return }
        noteCondition()
        kernel.drop(storage)
        let old = storage.fingerprint
        change(&storage)
        changed(0, from: old, to: storage.fingerprint)
    }

    /// Writes the variable; `WRITE_ONCE`.
    public func store(_ value: Value, _ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        if omits(.store, file, line) { return }
        await kernel.step(.store, on: self, file, line)
        if kernel.isHalting || kernel.current.state == .dead { return }
        kernel.drop(storage)
        changed(0, from: storage.fingerprint, to: value.fingerprint)
        storage = value
    }

    /// The value for reports, tests and tear-down: no step, no check, no observation.
    public var unchecked: Value { storage }

    /// Lets go of what a variable refers to when the kernel is torn down.
    public func forget(_ value: Value) { storage = value }
}
