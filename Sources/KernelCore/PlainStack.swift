/// A stack of plain values in memory of its own. Pushing and popping touch no reference count: at each step of a live
/// kernel those of an array would cost more than all the rest.
struct PlainStack<Element: BitwiseCopyable>: ~Copyable {
    /// How many values there are.
    private(set) var count = 0
    private var capacity = 0
    private var base: UnsafeMutablePointer<Element>?

    /// An empty stack; it takes memory when something is pushed.
    init() {}

    deinit { base?.deallocate() }

    /// True if there is none.
    @inline(__always)
    var isEmpty: Bool { count == 0 }

    /// The value of that place, 0 the lowest.
    @inline(__always)
    subscript(_ place: Int) -> Element {
        get {
            precondition(place >= 0 && place < count)
            return base.unsafelyUnwrapped[place]
        }
        set {
            precondition(place >= 0 && place < count)
            base.unsafelyUnwrapped[place] = newValue
        }
    }

    /// Puts a value on top.
    @inline(__always)
    mutating func push(_ value: Element) {
        if count == capacity { grow() }
        (base.unsafelyUnwrapped + count).initialize(to: value)
        count += 1
    }

    /// Takes the value on top away.
    @inline(__always)
    mutating func pop() {
        precondition(count > 0)
        count -= 1
    }

    /// Takes one value away; those above it move down.
    @inline(__always)
    mutating func remove(at place: Int) {
        precondition(place >= 0 && place < count)
        count -= 1
        if place == count { return }
        for above in place..<count { base.unsafelyUnwrapped[above] = base.unsafelyUnwrapped[above + 1] }
    }

    /// Takes all values away and keeps the memory.
    mutating func removeAll() { count = 0 }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: max(4, capacity * 2))
        if let base { larger.update(from: base, count: count) }
        base?.deallocate()
        base = larger
        capacity = max(4, capacity * 2)
    }
}

/// The tasks that hold an object in a way that several can. None is counted: what a task holds keeps it known to its
/// kernel (`Kernel.ended`).
public struct Holders: ~Copyable {
    private var tasks = PlainStack<Unmanaged<KernelTask>>()

    /// Nobody.
    public init() {}

    /// How many times it is held.
    @inline(__always)
    public var count: Int { tasks.count }
    /// Who they are, in the order in which they came.
    public var list: [KernelTask] { (0..<tasks.count).map { tasks[$0].takeUnretainedValue() } }

    /// True if the task is one of them.
    @inline(__always)
    public func contains(_ task: KernelTask) -> Bool { place(of: task) != nil }

    /// The task came.
    @inline(__always)
    public mutating func add(_ task: KernelTask) { tasks.push(Unmanaged.passUnretained(task)) }

    /// The task went; the last time that it came counts.
    /// - Returns: false if it is none of them.
    @inline(__always)
    public mutating func remove(_ task: KernelTask) -> Bool {
        guard let place = place(of: task) else { return false }
        tasks.remove(at: place)
        return true
    }

    /// Nobody holds it any more.
    public mutating func removeAll() { tasks.removeAll() }

    @inline(__always)
    private func place(of task: KernelTask) -> Int? {
        let wanted = Unmanaged.passUnretained(task).toOpaque()
        var place = tasks.count - 1
        while place >= 0 {
            if tasks[place].toOpaque() == wanted { return place }
            place -= 1
        }
        return nil
    }
}
