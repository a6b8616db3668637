import KernelCore
import Zram

/// Where a search is: the schedule so far, and the state that it leads to.
///
/// A step that was seen before is not taken but recalled (`StepCache`). A machine is made, and the schedule replayed on
/// it, when a step is new, a task is born or code is freed, and for all that concerns a failure or an end.
final class Walker {
    /// What a step did.
    struct Taken {
        let accesses: [AccessLog.Access]
        let hasLooped: Bool
        let ended: [CommandEnd]
    }

    /// What it takes to go back over a step.
    struct Frame {
        let shared: UInt64
        let localSum: UInt64
        let task: Int
        let local: Int32
        let cells: Int
        let dangling: [Dangling]
        /// All tasks' local states, after a step that was taken.
        let locals: [Int32]?
        /// What has gone wrong first, and what in this step.
        let failure: Failure?
        let failures: [Failure]
        let isBroken: Bool
    }

    let setting: Setting
    let recalls: Bool
    /// Every so many recalled steps one is taken, and compared.
    let checkEvery: Int
    var path: [UInt8] = []
    /// A recalled step that turned out to do something else, in words.
    var mistake: String?
    /// A driver keeps something in a plain variable: states that differ in it are taken for one, recalled or not.
    var isUnnoted = false
    /// Machines made, steps taken and recalled.
    var counts = (runs: 0, steps: 0, recalled: 0)

    private let executor = KernelExecutor()
    private let memory = EmptyMemory()
    var cache: StepCache
    /// States that have no cycle of waits, of those where that was asked.
    private var acyclic = FingerprintTable()
    var cells: [UInt64] = []
    /// Cells as they were before a step, and which.
    var olds: [(cell: Int, value: UInt64)] = []
    var frames: [Frame] = []
    var locals: [Int32] = []
    var serials: [UInt32] = []
    var shared: UInt64 = 0
    var localSum: UInt64 = 0
    var dangling: [Dangling] = []
    private var rootFailures: [Failure] = []
    private var isRootBroken = false
    /// What was reached.
    let coverage = CoverageLog()
    private var run: Run?
    /// How much of the schedule `run` has taken.
    var runDepth = 0

    /// - Parameters:
    ///   - recalls: false: every step is taken.
    ///   - checkEvery: 1 takes every step, and compares it with what would have been recalled.
    ///   - cache: what was seen already, of the same setting.
    init(_ setting: Setting, recalls: Bool, checkEvery: Int = 4096, cache: StepCache = StepCache()) {
        self.setting = setting
        self.recalls = recalls
        self.checkEvery = checkEvery
        self.cache = cache
        let run = fresh()
        locals = run.tasks.indices.map { self.cache.local(run.tasks[$0], run.local[$0]) }
        serials = run.tasks.map(\.serial)
        shared = run.kernel.sharedFingerprint
        localSum = run.local.reduce(0, &+)
        dangling = run.dangling
        rootFailures = run.failures
        isRootBroken = run.isBroken
    }

    /// Ends the tasks that it kept.
    func retire() {
        run = nil
        executor.retire()
    }

    // MARK: The state

    /// The state, up to a renaming of interchangeable tasks.
    @inline(__always)
    var fingerprint: UInt64 { mix(shared, localSum) }
    /// What has gone wrong first.
    var failure: Failure? { frames.last.map(\.failure) ?? rootFailures.first }
    /// What has gone wrong in the last step.
    var failures: [Failure] { frames.last.map(\.failures) ?? rootFailures }
    /// What comes behind is not looked at.
    var isBroken: Bool { frames.last?.isBroken ?? isRootBroken }
    /// The tasks, by number.
    var tasks: Range<Int> { 0..<locals.count }

    /// What is known of a task's local state.
    @inline(__always)
    func local(_ number: Int) -> LocalState { cache.locals[Int(locals[number])] }

    /// The hash of a task's local state.
    @inline(__always)
    func hash(_ number: Int) -> UInt64 { cache.locals[Int(locals[number])].hash }

    @inline(__always)
    func isOver(_ number: Int) -> Bool { cache.locals[Int(locals[number])].isOver }

    /// The object of a task's next step, by access number.
    func object(_ number: Int) -> UInt32? {
        let local = local(number)
        return local.object.map { own($0, of: local.serial, for: number) }
    }

    /// What a task holds and nobody else can.
    func locks(_ number: Int) -> [UInt32] {
        let local = local(number)
        return local.locks.isEmpty || local.serial == serials[number]
            ? local.locks : local.locks.map { own($0, of: local.serial, for: number) }
    }

    /// True if the task can take its step now.
    func isEnabled(_ number: Int) -> Bool {
        let place = Int(locals[number])
        guard cache.locals[place].isParked else { return false }
        guard recalls else { return machine().isEnabled(number) }
        guard cache.locals[place].object != nil else { return true }
        let value = cache.locals[place].admission.map { $0 < cells.count ? cells[$0] : 0 } ?? 0
        if let known = cache.isAdmitted(place, value) { return known }
        let isAdmitted = machine().isEnabled(number)
        cache.keep(isAdmitted: isAdmitted, place, value)
        return isAdmitted
    }

    /// A cycle of waits among tasks that cannot go on, whatever the others do.
    func cycle() -> Failure? {
        // A machine is asked only where there may be one: somebody waits for another who waits, or for what is its own.
        var waiting = 0
        for number in tasks where !isOver(number) && !isEnabled(number) {
            waiting += local(number).holds ? 2 : 1
        }
        guard waiting > 1, acyclic.find(fingerprint) == nil else { return nil }
        let cycle = machine().cycle()
        if cycle == nil, recalls { acyclic.set(fingerprint, 1) }
        return cycle
    }

    /// A machine in this state.
    func machine() -> Run {
        let run = self.run ?? fresh()
        while runDepth < path.count {
            run.step(Int(path[runDepth]))
            runDepth += 1
            counts.steps += 1
        }
        if recalls, run.fingerprint != fingerprint, mistake == nil {
            mistake = "after \(path.count) steps the machine is in another state than was recalled"
        }
        return run
    }

    private func fresh() -> Run {
        let run = Run(setting, executor: executor, memory: memory, coverage: coverage)
        counts.runs += 1
        self.run = run
        runDepth = 0
        return run
    }

    // MARK: Moving

    /// Goes back until the schedule has so many steps.
    func goBack(to depth: Int) {
        if runDepth > depth {
            run = nil
            runDepth = 0
        }
        while frames.count > depth {
            let frame = frames.removeLast()
            path.removeLast()
            while olds.count > frame.cells {
                let old = olds.removeLast()
                cells[old.cell] = old.value
            }
            shared = frame.shared
            localSum = frame.localSum
            dangling = frame.dangling
            if let all = frame.locals { locals = all } else { locals[frame.task] = frame.local }
        }
    }

    /// Goes to the end of a schedule, from wherever that leaves the present one.
    func go(_ schedule: some RandomAccessCollection<UInt8>) {
        goBack(to: zip(path, schedule).prefix { $0 == $1 }.count)
        for choice in schedule.dropFirst(path.count) { _ = step(Int(choice)) }
    }

    /// Objects that a task alone uses have its number in theirs.
    func own(_ id: UInt32, of serial: UInt32, for number: Int) -> UInt32 {
        id == AccessLog.privates | serial ? AccessLog.privates | serials[number] : id
    }
}
