/// What a step read and wrote, by object: whether two steps of different tasks can be swapped is read off this.
public struct AccessLog {
    /// One access; the lowest bit says that it writes.
    public typealias Access = UInt32

    /// The number of the next object depends on how many were made: makers write this.
    public static let births: UInt32 = 0x3fff_ffff
    /// Objects that one task alone uses: this and the task's number.
    public static let privates: UInt32 = 0x2000_0000
    /// A module's text: this and the module's number.
    public static let texts: UInt32 = 0x1000_0000
    /// Whether an object is held: this and the object's number. Who gives it back writes it, who looks without waiting
    /// reads it: for nobody else can the giving back come too early.
    public static let looks: UInt32 = 0x0800_0000
    /// Allocations: this and what tells them apart.
    public static let allocations: UInt32 = 0x4000_0000

    /// True for an object that one task alone uses.
    @inlinable @inline(__always)
    public static func isPrivate(_ id: UInt32) -> Bool { id & ~0xfff == privates }

    /// Off, nothing is recorded.
    public var isOn = false
    /// The accesses of the step so far.
    public private(set) var list: [Access] = []
    /// What else the step found as it was, although no order of steps could matter to it: whoever wants to know what
    /// the step would do elsewhere has to look there too.
    public private(set) var conditions: [UInt32] = []
    /// By how much the step changed the hashes of what it wrote.
    public private(set) var changes: [(id: UInt32, by: UInt64)] = []

    /// The step freed code: what it does depends on who else is in it.
    public private(set) var hasFreedText = false
    /// Memory of which the step did something that depends on who else points there: it was freed, or the last
    /// task that might point to freed memory forgot it, or a pointer to it was overwritten.
    public private(set) var memory: [UInt32] = []

    init() {}

    /// Forgets what was recorded.
    @inline(__always)
    public mutating func clear() {
        list.removeAll(keepingCapacity: true)
        conditions.removeAll(keepingCapacity: true)
        changes.removeAll(keepingCapacity: true)
        memory.removeAll(keepingCapacity: true)
        hasFreedText = false
    }

    /// Notes that the step depends on something.
    @inline(__always)
    public mutating func read(_ id: UInt32) {
        if isOn { add(id << 1) }
    }

    /// Notes that the step changes something.
    @inline(__always)
    public mutating func write(_ id: UInt32) {
        if isOn { add(id << 1 | 1) }
    }

    /// Notes that the step depends on something that orders it already, such as what a lock protects that it holds.
    @inline(__always)
    public mutating func condition(_ id: UInt32) {
        if isOn { conditions.append(id) }
    }

    /// Notes by how much the hash of something changed.
    @inline(__always)
    public mutating func change(_ id: UInt32, by difference: UInt64) {
        if isOn { changes.append((id, difference)) }
    }

    /// Notes what depends on who else points to some memory.
    mutating func memoryEvent(_ id: UInt32) {
        if isOn { memory.append(id) }
    }

    /// Notes that code is freed.
    mutating func textEvent() { hasFreedText = isOn }

    @inline(never)
    private mutating func add(_ access: Access) {
        if !list.contains(access) { list.append(access) }
    }
}
