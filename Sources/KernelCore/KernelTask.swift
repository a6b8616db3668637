/// What a task runs. A class, for the call through a protocol would be an async frame more.
open class KernelWork {
    /// Work without a name.
    public init() {}

    /// Runs in the task, from its first step to its last.
    open func run(in task: KernelTask) async {}

    /// What is to be done next, in a task of its own: asked when the task of this has ended, live only. To go on with it
    /// costs no suspension and no resumption of a Swift task, as to start it would.
    open func next() -> (pid: Int32, work: KernelWork)? { nil }
}

/// One simulated thread of execution: one `echo`, one `rmmod`. The kernel's `task_struct`.
public final class KernelTask {
    /// What the task is doing.
    public enum State: Sendable {
        /// Runs, or waits for the executor.
        case running
        /// Parked before a step, until the explorer picks it.
        case parked
        /// Uninterruptible sleep, the kernel's `D`: waits until `pending` can be done.
        case blocked
        /// Stopped at a gate.
        case held
        /// A slow function of the kernel takes its time, or a random delay does.
        case delayed
        /// Killed by an oops; what it held stays held for ever.
        case dead
        /// Returned.
        case ended
    }

    /// The kernel that it runs in; nil for the idle task and once the task has ended.
    public internal(set) var kernel: Kernel?
    /// Number within the kernel, from 1, in order of birth.
    public private(set) var serial: UInt32
    /// Process id as reports name it.
    public private(set) var pid: Int32
    /// No process stands behind it. The kernel's `PF_KTHREAD`.
    public internal(set) var isKernelThread = false
    /// The kernel's `comm`; found out when somebody asks first, because that may cost a system call.
    public var name: String {
        get {
            if givenName.isEmpty, let kernel, let find = kernel.nameOfProcess { givenName = find(pid) }
            return givenName
        }
        set { givenName = newValue }
    }
    /// Nanoseconds since it waited for the first time; a task that never did has only just begun.
    public var age: UInt64 { bornAt == 0 ? 0 : (kernel?.now ?? bornAt) - bornAt }
    /// What it is doing.
    public internal(set) var state = State.running
    /// Nanoseconds that it has to spend before its next step, and the function that takes them.
    var debt: UInt64 = 0
    var debtor: StaticString = ""
    /// The step that it is about to take, or waits for.
    public internal(set) var pending: Pending?
    /// A signal arrived: interruptible waits end with `EINTR`.
    public internal(set) var hasSignal = false
    /// While exploring: it has found that it cannot go on, and nobody has woken it since.
    var isAsleep = false
    /// True once the task belongs to a cycle that was reported.
    public internal(set) var isDeadlocked = false
    /// The hash of what it observed since its last command boundary.
    public internal(set) var history: UInt64 = 0
    /// The hash of what it observed before that, since its birth.
    public private(set) var past: UInt64 = 0
    /// Free for the owner of the kernel, e.g. the script that an explored task runs.
    public var userInfo: AnyObject?
    /// The module whose text the task runs, innermost last; an entry that was freed is a page fault at the next step.
    public var text: [any KernelText] = []

    /// Called once when an oops has killed the task: whoever waits for it must not wait for ever.
    public var onDeath: (() -> Void)?

    /// Behind `holds`.
    var held = PlainStack<HeldObject>()
    /// Behind `frames`.
    var calls = PlainStack<Frame>()
    /// Memory that it may point to, by number: what it has allocated, found or touched since it entered a driver's code.
    /// While exploring.
    var known: [UInt32] = []
    /// Memory that it may point to because it has found or opened a file that belongs to it.
    var opened: [UInt32] = []
    var continuation: UnsafeContinuation<Void, Never>?
    var index = 0
    private var givenName: String
    /// When it began to wait, or 0: nobody looks at the clock for a task that never waits.
    private var bornAt: UInt64 = 0

    init(kernel: Kernel?, name: String, serial: UInt32, pid: Int32) {
        self.kernel = kernel
        givenName = name
        self.serial = serial
        self.pid = pid
    }

    /// Forgets what was observed: the task's future depends on `state` alone from here (a shell's next command).
    ///
    /// - Parameter isAtRest: the task has nothing of the kernel's in hand, such as an open file.
    public func boundary(_ state: UInt64, isAtRest: Bool = false) {
        past = mix(past, history)
        history = mix(0x7a72_616d, state)
        if isAtRest { kernel?.forgetAll(self) }
    }

    /// Adds something that the task saw to the hash of its local state.
    @inline(__always)
    public func observe(_ value: UInt64) { history = mix(history, value) }

    /// Notes what reports want to know of a task that waits: when it took what it holds, which was not worth a look at
    /// the clock before, and its name, because its process may be gone when somebody asks.
    func beginsToWait(at now: UInt64) {
        for place in 0..<held.count where held[place].since == 0 { held[place].since = now }
        if bornAt == 0 { bornAt = now }
        if givenName.isEmpty { _ = name }
    }

    /// Memory that it may point to, by number.
    public var knownMemory: [UInt32] { known + opened }

    /// True if it may point to that memory.
    @inline(__always)
    public func knows(_ memory: UInt32) -> Bool { known.contains(memory) || opened.contains(memory) }

    /// Delivers a signal: ends an interruptible wait.
    public func signal() {
        hasSignal = true
        if state == .blocked, pending?.operation.isInterruptible == true { resume() }
    }

    /// Drops what would keep the kernel alive: locks and tasks point at each other. Keeps the lists' memory.
    func forget() {
        kernel = nil
        if pending != nil { pending = nil }
        dropAll()
        if !text.isEmpty { text.removeAll(keepingCapacity: true) }
        if userInfo != nil { userInfo = nil }
        if onDeath != nil { onDeath = nil }
    }

    /// Lives again, as a task that has only just begun; for an ended one that nobody else knows.
    func rise(kernel: Kernel, name: String, serial: UInt32, pid: Int32) {
        self.kernel = kernel
        givenName = name
        self.serial = serial
        self.pid = pid
        state = .running
        hasSignal = false
        isDeadlocked = false
        isAsleep = false
        history = 0
        past = 0
        debt = 0
        bornAt = 0
    }

    /// Suspends the Swift task until `resume()`.
    @inline(__always)
    func suspend() async {
        await withUnsafeContinuation { continuation = $0 }
        kernel?.current = self
    }

    @inline(__always)
    func resume() {
        guard let kernel, let waiting = continuation.take() else { return }
        kernel.executor.resume(waiting)
    }

    /// An explored task waits for its first turn, so that the order of starts is part of the schedule.
    func begin() async {
        guard let kernel, kernel.mode == .exploring, !kernel.isHalting, !kernel.runsFreely else { return }
        state = .parked
        await suspend()
        state = .running
    }
}

/// Code that can be unloaded while a task still runs in it.
public protocol KernelText: AnyObject {
    /// Who enters or leaves the code reads this, who frees it writes it (`AccessLog`).
    var textID: UInt32 { get }
    /// True once the code was freed.
    var isFreed: Bool { get }
    /// The name of the module.
    var name: String { get }
}
