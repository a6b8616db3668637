import Synchronization

/// What lives in one piece of memory: the members of an allocation, the static data of a module, or the kernel's own.
///
/// Locks and variables are declared in it, and go with it: whoever uses one of them afterwards runs into a page fault.
/// It knows what they point to, so that nothing that is still in use is taken for leaked, and the other way round.
public final class Members {
    /// The kernel that the memory belongs to.
    public unowned let kernel: Kernel
    /// True once the memory is gone.
    public private(set) var isFreed = false
    /// What it is, for reports.
    public internal(set) var kind = ""
    /// The number of the allocation; nil for static data.
    public private(set) var memory: UInt32?
    // Not counted: a member takes itself out when it goes.
    private var list: [Unmanaged<KernelObject>] = []

    /// Memory with nothing in it. Declare the members in it, and then hand it to the allocation.
    public init(_ kernel: Kernel) { self.kernel = kernel }

    /// The static data of a module.
    public init(ofModule name: String, kernel: Kernel) {
        self.kernel = kernel
        kind = "\(name) data"
        kernel.statics.append(self)
    }

    /// Each member.
    public var objects: [KernelObject] { list.map { $0.takeUnretainedValue() } }

    /// The memory is gone: a step on any of the members is a page fault from now on.
    public func free() {
        isFreed = true
        for object in list {
            object._withUnsafeGuaranteedRef {
                $0.isGone = true
                $0.changed(31, from: 0, to: 1)
            }
        }
        kernel.statics.removeAll { $0 === self }
    }

    func belong(to memory: KernelMemory) {
        precondition(self.memory == nil, "\(memory.kind) is made of the members of \(kind)")
        self.memory = memory.id
        kind = memory.kind
    }

    func add(_ object: KernelObject) { list.append(Unmanaged.passUnretained(object)) }

    func remove(_ object: KernelObject) {
        let gone = Unmanaged.passUnretained(object).toOpaque()
        if let place = list.lastIndex(where: { $0.toOpaque() == gone }) { list.remove(at: place) }
    }
}

extension Members {
    private static let checked = Synchronization.Mutex<Set<ObjectIdentifier>>([])

    /// Traps if `owner` has a lock or a variable that is not declared in its memory, or a pointer to an allocation that
    /// is none (`Pointer`, `Racy`, `Guarded`): an access after the memory was freed, or a leak, would go unseen. Each
    /// class is looked at once.
    public static func check(_ owner: AnyObject, are members: Members?) {
        let type = ObjectIdentifier(type(of: owner))
        guard checked.withLock({ $0.insert(type).inserted }) else { return }
        var mirror: Mirror? = Mirror(reflecting: owner)
        while let fields = mirror, fields.subjectType != KernelMemory.self {
            for field in fields.children {
                let name = "\(fields.subjectType).\(field.label ?? "")"
                if let object = field.value as? KernelObject, object.isVariable {
                    precondition(object.home === members, "\(name) is not declared in the memory that it is in")
                }
                let kind = Swift.type(of: field.value)
                precondition(
                    !(kind is KernelMemory.Type) && !((kind as? any AnyOptional.Type)?.wrapped is KernelMemory.Type),
                    "\(name) points to memory, and nobody knows: it has to be a Pointer")
            }
            mirror = fields.superclassMirror
        }
    }
}

private protocol AnyOptional {
    static var wrapped: Any.Type { get }
}

extension Optional: AnyOptional {
    fileprivate static var wrapped: Any.Type { Wrapped.self }
}

/// A pointer to an allocation that is set where nobody else can look yet, or by its owner alone.
public final class Pointer<Target: KernelMemory>: KernelObject {
    private var storage: Target?

    /// A null pointer.
    public init(in members: Members, name: String) { super.init(kernel: members.kernel, name: name, in: members) }

    /// Where it points.
    public var target: Target? {
        get {
            useHome()
            kernel.know(storage)
            return storage
        }
        set {
            if kernel.isHalting {
                storage = newValue
                return
            }
            kernel.drop(storage)
            changed(0, from: storage.fingerprint, to: newValue.fingerprint)
            storage = newValue
        }
    }

    /// Where it points, for reports and tear-down: no check.
    public var unchecked: Target? { storage }

    public override var isVariable: Bool { true }

    public override func forEachReference(_ body: (UInt32) -> Void) { storage?.forEachMemory(body) }
}
