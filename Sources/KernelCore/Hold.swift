/// An entry of a task's list of what it holds.
///
/// Nothing in it is counted: an object that goes while it is held takes itself out of the lists (`deinit`).
struct HeldObject: BitwiseCopyable {
    let object: Unmanaged<KernelObject>
    let lockIndex: Int
    let mode: Hold.Mode
    var since: UInt64
    let function: StaticString
    let file: StaticString
    let line: UInt32

    @inline(__always)
    func isOf(_ other: KernelObject) -> Bool { object.toOpaque() == Unmanaged.passUnretained(other).toOpaque() }
}

extension Kernel {
    /// Notes that the task now holds a lock or a reference.
    @inline(__always)
    public func hold(
        _ object: KernelObject, _ mode: Hold.Mode, by task: KernelTask, _ file: StaticString, _ line: UInt32
    ) {
        object.holdCount += 1
        task.held.push(
            HeldObject(
                object: Unmanaged.passUnretained(object), lockIndex: object.lockIndex, mode: mode, since: 0,
                function: task.calls.isEmpty ? "" : task.calls[task.calls.count - 1].function, file: file, line: line))
    }

    /// Notes that the task gave a lock or a reference back.
    @inline(__always)
    public func release(_ object: KernelObject, by task: KernelTask) {
        var place = task.held.count - 1
        while place >= 0, !task.held[place].isOf(object) { place -= 1 }
        guard place >= 0 else { return }
        task.held.remove(at: place)
        object.holdCount -= 1
    }

    /// Takes an object that is no more out of the lists of those who held it.
    func forget(held object: KernelObject) {
        for task in tasks + keepers {
            for place in (0..<task.held.count).reversed() where task.held[place].isOf(object) {
                task.held.remove(at: place)
            }
        }
    }
}

extension KernelTask {
    /// Locks and references that it holds, outermost first.
    public var holds: [Hold] {
        (0..<held.count).map { place in
            let entry = held[place]
            return Hold(
                object: entry.object.takeUnretainedValue(), mode: entry.mode, since: entry.since,
                function: entry.function, file: entry.file, line: entry.line)
        }
    }

    /// Functions of the simulated kernel that it is in, outermost first.
    public var frames: [Frame] { (0..<calls.count).map { calls[$0] } }

    /// The innermost of its functions.
    public var lastFrame: Frame? { calls.isEmpty ? nil : calls[calls.count - 1] }

    /// What it holds and nobody else can, by access number (`KernelObject.accessID`).
    public var exclusiveAccesses: [UInt32] {
        var list: [UInt32] = []
        for place in 0..<held.count where held[place].mode == .exclusive {
            list.append(held[place].object._withUnsafeGuaranteedRef { $0.accessID })
        }
        return list
    }

    /// True if the task holds the object, in any mode.
    public func isHolding(_ object: KernelObject) -> Bool {
        (0..<held.count).contains { held[$0].isOf(object) }
    }

    /// Holds nothing any more, and is in no function.
    func dropAll() {
        for place in 0..<held.count { held[place].object._withUnsafeGuaranteedRef { $0.holdCount -= 1 } }
        held.removeAll()
        calls.removeAll()
    }
}
