/// Shared state that changes within steps, as under a spinlock or with interrupts off: an access is no step of its own,
/// and is noted all the same, so that the explorer knows what a task goes on by.
///
/// What drivers would keep in a plain variable belongs in here.
public final class Noted<Value: Fingerprinted>: KernelObject {
    private var storage: Value

    /// A member of some memory; an access after that was freed is a page fault.
    public init(_ value: Value, in members: Members, name: String) {
        storage = value
        super.init(kernel: members.kernel, name: name, in: members)
        changed(0, from: 0, to: value.fingerprint)
    }

    public override var isVariable: Bool { true }

    public override func forEachReference(_ body: (UInt32) -> Void) { storage.forEachMemory(body) }

    /// The value, seen and changed within the current step.
    public var value: Value {
        get {
            useHome()
            kernel.withCurrent { $0.observe(mix(UInt64(id), storage.fingerprint)) }
            noteRead()
            kernel.know(storage)
            return storage
        }
        set {
            useHome()
            if kernel.isHalting || kernel.current.state == .dead { return }
            kernel.drop(storage)
            changed(0, from: storage.fingerprint, to: newValue.fingerprint)
            storage = newValue
        }
    }

    /// The value for the conditions of waits, reports and tests, with no observation.
    public var unchecked: Value { storage }
}
