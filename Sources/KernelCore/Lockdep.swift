/// A class of locks that lockdep does not tell apart, e.g. every device's `&zram->init_lock`.
public final class LockClass {
    /// What is locked; it decides how lockdep prints the class.
    public enum Kind: Sendable {
        case mutex, rwsem
        /// The active reference of a kernfs attribute: getting is a read-trylock, draining a write-acquire.
        case active
    }

    /// As lockdep prints it, e.g. `kn->active`.
    public let name: String
    /// What is locked.
    public let kind: Kind
    /// Tells classes of one name apart: lockdep's `#N`, printed when above 1.
    public let version: Int
    /// The module that registered it; its classes go when it is unloaded.
    public let module: String?
    /// True once it was taken for writing, or for reading.
    public internal(set) var isUsed = (write: false, read: false)
    let index: Int
    /// The classes that it was taken under, a bit each.
    private var predecessors: [UInt64] = []

    init(name: String, kind: Kind, version: Int, module: String?, index: Int) {
        self.name = name
        self.kind = kind
        self.version = version
        self.module = module
        self.index = index
    }

    /// True if it was taken before while the class of that number was held.
    @inline(__always)
    func follows(_ index: Int) -> Bool {
        index >> 6 < predecessors.count && predecessors[index >> 6] >> UInt64(index & 63) & 1 != 0
    }

    /// Notes that it was taken while the class of that number was held, or that there is no such class any more.
    func setFollows(_ index: Int, _ follows: Bool) {
        while predecessors.count <= index >> 6 { predecessors.append(0) }
        let bit: UInt64 = 1 << UInt64(index & 63)
        if follows { predecessors[index >> 6] |= bit } else { predecessors[index >> 6] &= ~bit }
    }

    /// The name with its version.
    public var fullName: String { version > 1 ? "\(name)#\(version)" : name }
}

/// Finds lock inversions in clean runs: remembers which class was taken while which was held. Facts: the kernel's
/// lockdep, with kernfs active references annotated as commit 846f99749ab6 does.
public final class Lockdep {
    /// One edge: `to` was taken while `from` was held.
    public struct Edge {
        /// The class that was held.
        public let from: LockClass
        /// The class that was taken.
        public let to: LockClass
        /// How it was taken.
        public let mode: Hold.Mode
        /// Who did it first.
        public let task: (name: String, pid: Int32)
        /// The functions that it was in.
        public let frames: [Frame]
    }

    /// Off while exploring.
    public var isOn = false
    /// It has found an inversion and looks no more until the next boot. The kernel's `debug_locks`.
    public internal(set) var isTurnedOff = false
    /// All classes, in order of registration.
    public private(set) var classes: [LockClass] = []
    private var byKey: [String: LockClass] = [:]
    private var edges: [Int: Edge] = [:]
    /// The same edges by the class that was held, in the order in which they were learned.
    private var outgoing: [Int: [Edge]] = [:]
    private var nextIndex = 0
    /// Numbers of classes that are gone.
    private var freeIndices: [Int] = []
    // Stands for every class while nobody looks.
    private let anonymous = LockClass(name: "", kind: .mutex, version: 1, module: nil, index: 0)

    /// All edges seen so far.
    public var knownEdges: [Edge] { edges.values.sorted { key($0.from, $0.to) < key($1.from, $1.to) } }

    /// The class of that name; `key` tells classes of one name apart.
    public func lockClass(
        _ name: String, kind: LockClass.Kind, key: String? = nil, module: String? = nil
    ) -> LockClass {
        guard isOn else { return anonymous }
        let key = key ?? name
        if let known = byKey[key] { return known }
        let version = classes.count { $0.name == name } + 1
        if freeIndices.isEmpty {
            freeIndices.append(nextIndex)
            nextIndex += 1
        }
        let lockClass = LockClass(
            name: name, kind: kind, version: version, module: module, index: freeIndices.removeLast())
        classes.append(lockClass)
        byKey[key] = lockClass
        return lockClass
    }

    /// Forgets the classes of a module, as `lockdep_free_key_range` when it is unloaded.
    public func forget(module: String) {
        let gone = Set(classes.filter { $0.module == module }.map(\.index))
        classes.removeAll { gone.contains($0.index) }
        for lockClass in classes { for index in gone { lockClass.setFollows(index, false) } }
        freeIndices += gone.sorted(by: >)
        byKey = byKey.filter { !gone.contains($0.value.index) }
        edges = edges.filter { !gone.contains($0.value.from.index) && !gone.contains($0.value.to.index) }
        outgoing = Dictionary(grouping: knownEdges) { $0.from.index }
    }

    func forget() {
        classes = []
        byKey = [:]
        edges = [:]
        outgoing = [:]
    }

    private func key(_ from: LockClass, _ to: LockClass) -> Int { from.index << 20 | to.index }

    /// Adds an edge; returns the chain that leads back from `to` to `from`, if there is one.
    func add(_ from: LockClass, _ to: LockClass, _ mode: Hold.Mode, by task: KernelTask) -> [Edge]? {
        let edge = Edge(from: from, to: to, mode: mode, task: (task.name, task.pid), frames: task.frames)
        edges[key(from, to)] = edge
        to.setFollows(from.index, true)
        outgoing[from.index, default: []].append(edge)
        return path(from: to, to: from)
    }

    private func path(from start: LockClass, to goal: LockClass) -> [Edge]? {
        if start === goal { return [] }
        var cameBy: [Int: Edge] = [:]
        var queue = [start]
        while !queue.isEmpty {
            let here = queue.removeFirst()
            for edge in outgoing[here.index] ?? [] where edge.to !== start && cameBy[edge.to.index] == nil {
                cameBy[edge.to.index] = edge
                if edge.to === goal {
                    var chain = [edge]
                    while chain[0].from !== start { chain.insert(cameBy[chain[0].from.index]!, at: 0) }
                    return chain
                }
                queue.append(edge.to)
            }
        }
        return nil
    }
}

/// A lock inversion: what lockdep's splat tells.
public struct LockInversion {
    /// The task that completed the cycle.
    public let task: KernelTask
    /// The class that it is about to take.
    public let wanted: LockClass
    /// The lock of that class.
    public let object: KernelObject
    /// How it is about to take it.
    public let mode: Hold.Mode
    /// The line that takes it, as `#fileID`.
    public let file: StaticString
    /// The line that takes it.
    public let line: UInt32
    /// The lock that it holds and that depends on `wanted`.
    public let held: Hold
    /// The edges that lead from `wanted` back to the held class; empty when both are one class.
    public let chain: [Lockdep.Edge]
    /// All that the task holds.
    public let holds: [Hold]
    /// The functions that it is in.
    public let frames: [Frame]
}

extension Kernel {
    /// Tells lockdep that the task is about to take a lock of `wanted`, and may wait for it.
    @inline(__always)
    public func acquiring(
        _ wanted: LockClass, _ object: KernelObject, _ mode: Hold.Mode, by task: KernelTask, _ file: StaticString,
        _ line: UInt32
    ) {
        guard lockdep.isOn, !lockdep.isTurnedOff else { return }
        if mode == .shared { wanted.isUsed.read = true } else { wanted.isUsed.write = true }
        for place in 0..<task.held.count {
            let held = task.held[place].lockIndex
            if held >= 0, !wanted.follows(held) { return check(wanted, object, mode, task, file, line) }
        }
    }

    /// Tells lockdep that a lock of `wanted` is tried: that adds no edge, for nobody waits.
    @inline(__always)
    public func trying(_ wanted: LockClass) {
        if lockdep.isOn { wanted.isUsed.read = true }
    }

    @inline(never)
    private func check(
        _ wanted: LockClass, _ object: KernelObject, _ mode: Hold.Mode, _ task: KernelTask, _ file: StaticString,
        _ line: UInt32
    ) {
        for hold in task.holds {
            guard let held = hold.object.lockClass, !wanted.follows(held.index) else { continue }
            guard let chain = lockdep.add(held, wanted, mode, by: task) else { continue }
            // One splat a boot, as the kernel's: what it sees after that would rest on what is wrong already.
            lockdep.isTurnedOff = true
            return raise(
                .inversion(
                    LockInversion(
                        task: task, wanted: wanted, object: object, mode: mode, file: file, line: line, held: hold,
                        chain: chain, holds: task.holds, frames: task.frames)))
        }
    }
}
