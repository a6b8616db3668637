/// One simulated kernel: its tasks, clock, log, locks and the events that it raised.
///
/// A mount has one; an exploration makes and drops thousands. A kernel is single-threaded: all of its state belongs to
/// one isolation domain (`KernelExecutor`), and tasks interleave only at the steps that they take (`step(_:on:)`), so
/// that no data race is possible inside. It is deliberately not `Sendable`; `LiveKernel` is the way in from threads.
public final class Kernel {
    /// How tasks are scheduled.
    public enum Mode: Sendable {
        /// Steps run on at once; a task suspends only where the kernel's would block, or at a gate.
        case live
        /// Every step parks its task until somebody calls `resume(_:)`.
        case exploring
    }

    /// How tasks are scheduled.
    public let mode: Mode
    /// Runs the tasks' code; outlives a reboot.
    public let executor: KernelExecutor
    /// The printk ring.
    public let log: KernelLog
    /// The gates by name.
    public let points = Points()
    /// Lock classes and the order in which they were taken; off while exploring, where real deadlocks are found.
    public let lockdep = Lockdep()
    /// Steps as they are taken, when somebody records them.
    public let trace = Trace()

    #if ZRAMFS_MUTATIONS
        /// Who has not taken what, or given it back early (`Mutation`).
        var mutated: [(task: KernelTask, object: KernelObject)] = []
    #endif

    /// The task whose code runs now. The kernel's `current`.
    @inline(__always)
    public internal(set) var current: KernelTask {
        get { running.takeUnretainedValue() }
        set { running = Unmanaged.passUnretained(newValue) }
    }
    /// Behind `current`. Not a counted reference, for it is looked at several times a step: `tasks` keeps whoever runs,
    /// `idle` itself.
    var running: Unmanaged<KernelTask>
    /// All tasks; while exploring also those that have ended, in the order of their birth.
    public internal(set) var tasks: [KernelTask] = []
    /// True while the instance is being torn down: every primitive returns at once and checks are off.
    public internal(set) var isHalting = false
    /// Called when something happened that a kernel would report: a cycle, a lock inversion, an oops, a warning.
    public var onEvent: ((KernelEvent) -> Void)?
    /// Finds the name of a process, for tasks that were started without one; asked when one blocks or is reported.
    public var nameOfProcess: ((Int32) -> String)?
    /// Finds the process group of a process, for traces.
    public var groupOfProcess: ((Int32) -> Int32)?
    /// Asks the host to call back after a time, in the kernel's isolation; without it sleeps end at once.
    public var alarm: Timer.Alarm?
    /// Has the host do what may take for ever; without it, it is done at once.
    public var onHost: HostCall.Perform?
    /// Taint flags in the kernel's letters, e.g. `D` after an oops, `W` after a warning.
    public internal(set) var taints: Set<Character> = []
    /// The hash of the shared state, kept up to date by each change (`Cell`).
    public internal(set) var sharedFingerprint: UInt64 = 0
    /// Memory that the simulated kernel has allocated and not freed.
    public internal(set) var memory: [ObjectIdentifier: KernelMemory] = [:]

    /// The kernel's own static data, which never goes.
    public private(set) lazy var globals = Members(self)
    /// Static data of modules that are there.
    var statics: [Members] = []

    /// While exploring: steps run on at once as in a live kernel, for the part of a run that has no choices (boot).
    public var runsFreely = false
    /// Off while exploring, unless a report is wanted: the shadow stacks.
    public var keepsFrames: Bool
    /// What the current step read and wrote, if somebody wants to know.
    public var accesses = AccessLog()
    /// Takes what tasks do, if somebody wants to know; while exploring.
    public var coverage: CoverageLog?

    /// True when each step must look at gates or the tracer.
    @inlinable var isInstrumented: Bool { points.armed > 0 || trace.isOn || jitter != nil }
    /// Random delays at the steps of a live kernel, if somebody wants them.
    public var jitter: Jitter?
    /// What slow functions of a live kernel take; nil: they take no time.
    public var timing: Timing?
    /// What delayed tasks are said to wait for, by name.
    var delays: [String: KernelObject] = [:]
    /// What tasks sleep on while exploring.
    private(set) var sleep: Timer?
    /// Stands in for `current` while no task runs.
    let idle = KernelTask(kernel: nil, name: "swapper/0", serial: 0, pid: 0)
    /// Tasks that ended with something in hand: nobody counts references to who holds an object.
    private(set) var keepers: [KernelTask] = []
    /// The task that ended last, to be used again if nobody else knows it.
    private var spare: KernelTask?
    var nextObject: UInt32 = 0
    /// Free numbers of each kind of memory, a bit each.
    var numbers: [UInt32: UInt64] = [:]
    /// Freed memory whose numbers are not free yet; while exploring.
    var freedMemory: [FreedMemory] = []
    var hasFreed = false
    var nextTask: UInt32 = 0
    var onHalt: [() -> Void] = []
    let clock: KernelClock

    /// Boots an empty kernel.
    public init(mode: Mode, executor: KernelExecutor, clock: KernelClock = KernelClock()) {
        self.mode = mode
        self.executor = executor
        self.clock = clock
        log = KernelLog(clock: clock)
        running = Unmanaged.passUnretained(idle)
        keepsFrames = mode == .live
        log.isOn = mode == .live
        points.isOn = mode == .live
        lockdep.isOn = mode == .live
        if mode == .exploring { sleep = Timer(kernel: self, name: "msleep") }
    }

    /// Calls `body` with the task whose code runs now, and counts no reference: for what every step does.
    @inline(__always)
    public func withCurrent<R>(_ body: (KernelTask) -> R) -> R { running._withUnsafeGuaranteedRef(body) }

    /// Nanoseconds since the instance was booted.
    public var now: UInt64 { clock.now }

    /// Starts a task that runs `body`; in live mode it runs when the executor is drained.
    ///
    /// - Parameters:
    ///   - name: the task's name, the kernel's `comm`; empty: `nameOfProcess` says it when somebody asks.
    ///   - pid: its process id as reports name it; 0 gives the next free number.
    @discardableResult
    public func spawn(_ name: String, pid: Int32 = 0, _ body: @escaping (KernelTask) async -> Void) -> KernelTask {
        spawn(name, pid: pid, work: ClosureWork(body))
    }

    /// Starts a task that runs `work`; for those who start many.
    @discardableResult
    public func spawn(_ name: String, pid: Int32 = 0, work: KernelWork) -> KernelTask {
        let task = bear(name, pid)
        if trace.isOn, executor.isDraining { trace.recordStart(self, current, of: task.takeUnretainedValue()) }
        executor.start(task, work)
        return task.takeUnretainedValue()
    }

    /// Starts a task that runs `work`, and runs whatever is ready.
    @inline(__always)
    public func run(pid: Int32, work: KernelWork) {
        executor.start(bear("", pid), work)
        executor.drain()
    }

    /// The task of that number if it has not ended, be it that it waits, be it that an oops has killed it.
    public func task(numbered serial: UInt32) -> KernelTask? { tasks.last { $0.serial == serial } }

    /// A new task, known to the kernel.
    @inline(__always)
    func bear(_ name: String, _ pid: Int32) -> Unmanaged<KernelTask> {
        nextTask += 1
        let isKernelThread = pid == 0
        let pid = isKernelThread ? Int32(nextTask) : pid
        let task: KernelTask
        if isKnownUniquelyReferenced(&spare), let spare = spare.take() {
            task = spare
            task.rise(kernel: self, name: name, serial: nextTask, pid: pid)
        } else {
            task = KernelTask(kernel: self, name: name, serial: nextTask, pid: pid)
        }
        task.isKernelThread = isKernelThread
        task.index = tasks.count
        let reference = Unmanaged.passUnretained(task)
        tasks.append(task)
        if mode == .exploring { inherit(task) }
        return reference
    }

    /// What a task is born with is part of its state: it may go by all that its maker has seen, and point to whatever its
    /// maker points to.
    @inline(never)
    private func inherit(_ task: KernelTask) {
        let maker = current
        guard maker !== idle, !isHalting else { return }
        accesses.write(AccessLog.births)
        // Of several that are born in one step each is itself.
        maker.observe(mix(task.name.fingerprint, 29))
        task.history = maker.history
        for id in maker.knownMemory where !task.opened.contains(id) {
            pin(id)
            task.opened.append(id)
        }
    }

    /// Drops everything that an orderly shutdown would, once all tasks have run out.
    ///
    /// In a halting instance every primitive returns at once, so that suspended tasks run to their end and nothing
    /// leaks: a continuation that is never resumed would leak its task.
    public func halt() {
        guard !isHalting else { return }
        isHalting = true
        trace.isOn = false
        executor.drain()
        // A task that runs out may wake or start others, behind it in the list.
        var next = 0
        while next < tasks.count {
            let task = tasks[next]
            if task.continuation == nil {
                next += 1
            } else {
                task.resume()
                executor.drain()
            }
        }
        onHalt.forEach { $0() }
        onHalt = []
        for task in tasks {
            if !task.held.isEmpty { keepers.append(task) }
            task.forget()
        }
        tasks = []
        spare = nil
        sleep = nil
        memory = [:]
        statics = []
        freedMemory = []
        onEvent = nil
        nameOfProcess = nil
        groupOfProcess = nil
        points.onArrival = nil
        points.onDeclare = nil
        lockdep.forget()
        alarm = nil
        onHost = nil
        delays = [:]
        current = idle
    }

    /// Registers something to undo when the instance is torn down, such as a reference that would keep it alive. What
    /// `body` refers to lives until then; a weak reference would make every count of that object's references slow.
    public func atHalt(_ body: @escaping () -> Void) { onHalt.append(body) }

    func ended(_ task: Unmanaged<KernelTask>) {
        task._withUnsafeGuaranteedRef {
            $0.state = .ended
            if mode == .exploring { forgetAll($0) }
        }
        current = idle
        guard mode == .live, !isHalting else { return }
        let task = remove(task)
        // A module's references are counted, and somebody else may give them back: whoever opens a disk leaves one.
        let isReferred = (0..<task.held.count).contains { place in
            !task.held[place].object._withUnsafeGuaranteedRef { $0.countsHolders }
        }
        task.forget()
        if isReferred { keepers.append(task) } else { spare = task }
    }

    /// Takes a task out of the list, in which the last takes its place.
    @inline(__always)
    private func remove(_ task: Unmanaged<KernelTask>) -> KernelTask {
        let last = tasks.removeLast()
        if Unmanaged.passUnretained(last).toOpaque() == task.toOpaque() { return last }
        let place = task._withUnsafeGuaranteedRef { $0.index }
        let task = tasks[place]
        last.index = place
        tasks[place] = last
        return task
    }
}

private final class ClosureWork: KernelWork {
    private let body: (KernelTask) async -> Void

    init(_ body: @escaping (KernelTask) async -> Void) { self.body = body }

    override func run(in task: KernelTask) async { await body(task) }
}
