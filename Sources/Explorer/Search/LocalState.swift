import KernelCore

/// What the search has to know of a task in one of its local states.
struct LocalState {
    /// Its hash.
    let hash: UInt64
    let isOver: Bool
    /// It waits for its turn; or else it is over, or was killed by an oops.
    let isParked: Bool
    /// The access number of the object of its next step; nil if there is none.
    let object: UInt32?
    let isRelease: Bool
    /// The cell on which it depends whether the step is admitted; nil: on the local state alone.
    let admission: Int?
    /// What it holds and nobody else can, by access number.
    let locks: [UInt32]
    /// It holds something that others may wait for.
    let holds: Bool
    /// Memory that it may point to.
    let memory: [UInt32]
    /// The number of the task that was seen in this state: private objects have it in their access numbers.
    let serial: UInt32
    /// What steps from here were seen to depend on.
    var shapes: [Int32] = []

    init(_ task: KernelTask, hash: UInt64, cell: (UInt32) -> Int) {
        self.hash = hash
        isOver = task.state == .ended
        isParked = task.state == .parked
        object = task.pending?.object.accessID
        isRelease = task.pending?.operation.isRelease ?? false
        let admission = task.pending.map { $0.object.admission(of: task) }
        self.admission = admission.flatMap { AccessLog.isPrivate($0) ? nil : cell($0) }
        memory = task.knownMemory
        locks = task.exclusiveAccesses
        holds = !task.holds.isEmpty
        serial = task.serial
    }
}

/// Freed memory to which tasks may point.
struct Dangling: Equatable {
    let memory: UInt32
    /// A bit for each task.
    var tasks: TaskMask
}

/// What a step did when it was taken, and does whenever the task is in the same local state and finds the same.
struct StepRecord {
    /// The task's local state after it, by number.
    let local: Int32
    /// By how much the hash of the shared state changed.
    let shared: UInt64
    /// By how much cells changed.
    let changes: [(cell: Int, by: UInt64)]
    let accesses: [AccessLog.Access]
    /// Some of the accesses are to objects of the task's own.
    let hasPrivates: Bool
    /// The number of that task.
    let serial: UInt32
    /// The task went round a loop without a bound.
    let hasLooped: Bool
    /// Commands of the script that ended in it.
    let ended: [CommandEnd]
    /// Freed memory to which tasks may point after it, if something happened to such memory; or else nil.
    let dangling: [UInt32]?

    /// True if the other does the same, but for what both use.
    func isSame(as other: Self) -> Bool {
        local == other.local && shared == other.shared && hasLooped == other.hasLooped
            && dangling == other.dangling && ended == other.ended
            && changes.elementsEqual(other.changes, by: ==)
    }
}
