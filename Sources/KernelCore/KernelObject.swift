/// Anything that a step can be about: a lock, a node, a module, a variable.
open class KernelObject: Fingerprinted {
    /// The kernel that it belongs to.
    public let kernel: Kernel
    /// Number within the kernel, in order of creation: the same in every rerun of one schedule.
    public let id: UInt32
    /// The name in reports, as lockdep would print it, e.g. `&zram->init_lock`.
    public let name: String
    /// The name in gates and schedules, a file name, e.g. `init_lock`.
    public let pointName: String
    /// What a report calls it in a sentence, e.g. `mutex zram_index_mutex`.
    open var title: String { name }
    var waiters: [KernelTask] = []
    /// How many entries of `KernelTask.held` are about it.
    var holdCount = 0
    /// The number of its lock class, -1 if it has none.
    let lockIndex: Int

    /// Tells objects apart where `id` may not: see `AccessLog`.
    public let accessID: UInt32

    /// The class that lockdep takes it for; nil for what it does not watch.
    public let lockClass: LockClass?

    /// The memory that it is a member of; nil for what is never freed, or cannot be reached once it was.
    public let home: Members?
    /// True once that memory was freed: a step on it is a page fault.
    public internal(set) var isGone = false

    /// Makes an object, a member of some memory or not, and names it.
    public init(
        kernel: Kernel, name: String, pointName: String? = nil, lockClass: LockClass? = nil, in home: Members? = nil
    ) {
        self.kernel = kernel
        self.home = home
        self.lockClass = lockClass
        lockIndex = lockClass?.index ?? -1
        self.name = name
        self.pointName = pointName ?? name
        id = kernel.nextObject
        accessID = id
        kernel.nextObject += 1
        kernel.accesses.write(AccessLog.births)
        kernel.accesses.change(AccessLog.births, by: 1)
        home?.add(self)
    }

    /// Makes an object that one task alone will use, many of which come and go.
    ///
    /// It takes no number of its own, or else the number of the next object would depend on how many there were.
    public init(
        kernel: Kernel, name: String, pointName: String, lockClass: LockClass, sharing other: KernelObject
    ) {
        self.kernel = kernel
        home = nil
        self.lockClass = lockClass
        lockIndex = lockClass.index
        self.name = name
        self.pointName = pointName
        id = other.id | 0x4000_0000
        accessID = AccessLog.privates | kernel.current.serial
    }

    deinit {
        if holdCount > 0 { kernel.forget(held: self) }
        home?.remove(self)
    }

    #if ZRAMFS_MUTATIONS
        /// What stands for it in the names of mutations: the nodes of a tree are one.
        open var mutationName: String { pointName.replacing(" ", with: "_") }
    #endif

    /// True for a lock or a variable: it is somewhere in memory, and has to say where (`Members.check`).
    open var isVariable: Bool { false }

    /// Calls `body` with the number of each allocation that it points to; 0 for one that is gone for good.
    open func forEachReference(_ body: (UInt32) -> Void) {}

    /// The object's identity within the kernel.
    public final var fingerprint: UInt64 { UInt64(id) }

    /// True if `task` can take the step now; a step that is not admitted blocks.
    open func admits(_ operation: Operation, _ task: KernelTask) -> Bool { true }

    /// True if it counts references to the tasks that hold it: then they need not be kept when they have ended.
    open var countsHolders: Bool { false }

    /// The tasks that `task` would wait for, were it blocked in `operation`.
    open func holders(against operation: Operation) -> [KernelTask] { [] }

    /// Lets those go on whose step is admitted now.
    @inline(__always)
    public final func wakeWaiters() {
        // Whether somebody sleeps is part of the object's state.
        noteRead()
        if !waiters.isEmpty { wakeSlowly() }
    }

    /// While exploring: the task has found that it cannot go on, and sleeps until somebody calls `wakeWaiters`. Who makes
    /// it possible and forgets that, lets it sleep for ever.
    final func sleep(_ task: KernelTask) {
        task.isAsleep = true
        waiters.append(task)
        changed(mix(20, task.history), from: 0, to: 1)
    }

    private func wakeSlowly() {
        if kernel.mode == .exploring {
            waiters.removeAll { task in
                guard let pending = task.pending, admits(pending.operation, task) else { return false }
                task.isAsleep = false
                changed(mix(20, task.history), from: 1, to: 0)
                return true
            }
            return
        }
        for task in waiters {
            guard let pending = task.pending, admits(pending.operation, task) else { continue }
            task.resume()
            if pending.operation.isExclusive { break }
        }
    }

    /// The number of references that the step leaves behind, for traces; nil for what is not counted.
    open func count(after operation: Operation) -> Int? { nil }

    /// Records a change of the object's part of the shared state.
    @inline(__always)
    public final func changed(_ slot: UInt64, from old: UInt64, to new: UInt64) {
        guard kernel.mode == .exploring else { return }
        change(slot, old, new)
        kernel.accesses.write(accessID)
    }

    /// Records a change that commutes with others of its kind and that nobody but an exclusive step can tell: one
    /// reader more or less.
    @inline(__always)
    public final func changedByOne(_ slot: UInt64, from old: UInt64, to new: UInt64) {
        guard kernel.mode == .exploring else { return }
        change(slot, old, new)
        kernel.accesses.read(accessID)
    }

    @inline(__always)
    private func change(_ slot: UInt64, _ old: UInt64, _ new: UInt64) {
        let key = mix(UInt64(id), slot)
        let difference = mix(key, new) &- mix(key, old)
        kernel.sharedFingerprint &+= difference
        kernel.accesses.change(accessID, by: difference)
    }

    /// Says that the current step depends on the object's state.
    @inline(__always)
    public final func noteRead() { kernel.accesses.read(accessID) }

    /// Says that the current step asks whether the object is held, and goes on if it is: `mutex_trylock` and the like.
    @inline(__always)
    public final func noteLook() {
        kernel.accesses.read(accessID)
        if !AccessLog.isPrivate(accessID) { kernel.accesses.read(accessID | AccessLog.looks) }
    }

    /// Says that the current step gives the object back.
    @inline(__always)
    public final func noteRelease() {
        if !AccessLog.isPrivate(accessID) { kernel.accesses.write(accessID | AccessLog.looks) }
    }

    /// Says that the current task goes on by what it sees of the object's state: `value`.
    @inline(__always)
    public final func observe(_ value: UInt64) {
        kernel.current.observe(value)
        noteRead()
    }

    /// Says that the current step found the object as it is, where no order of steps could matter to it: see
    /// `AccessLog.conditions`.
    @inline(__always)
    public final func noteCondition() { kernel.accesses.condition(accessID) }

    /// Says that the current task uses the object, and with it the memory that it is in.
    @inline(__always)
    final func useHome() {
        guard let home else { return }
        noteCondition()
        if let memory = home.memory { kernel.know(memory) }
        if isGone, !kernel.isHalting { kernel.faultGone(self) }
    }

    /// What `admits` looks at, beside the task itself: the object, unless it says otherwise.
    open func admission(of task: KernelTask) -> UInt32 { accessID }
}
