import KernelCore
import Synchronization

/// What the threads of one search share.
final class SearchShare: @unchecked Sendable {
    // Unchecked: what is no constant is set before the threads start or after they have ended; the rest is locked or atomic.
    let states = StateSet()
    let pool: WorkPool
    /// Schedules are not followed beyond this.
    var depthLimit = 100_000
    /// Tells of states, and is told, if this is a part of a search.
    var exchange: StateExchange?
    /// Something was not looked at.
    var isCut: Bool { cut.load(ordering: .relaxed) }
    private let cut = Atomic<Bool>(false)
    /// Not everything will be looked at.
    func cutOff() { cut.store(true, ordering: .relaxed) }
    /// Something was not looked at, and is in no branch either.
    var hasLost: Bool { lost.load(ordering: .relaxed) }
    private let lost = Atomic<Bool>(false)
    /// Not everything will be looked at, nor can it be later.
    func lose() {
        lost.store(true, ordering: .relaxed)
        cutOff()
    }
    /// What makes the search shorter; without recalled steps once one of them was wrong.
    var reductions = Reductions.all
    /// The steps that were seen, once the search is over.
    var cache = StepCache()
    /// What was reached, once the search is over.
    var coverage = Coverage()
    /// Which one, and how.
    var mistake: String?
    /// States were taken for one that differ: nothing is proved.
    var isUnnoted = false
    var checkEvery: Int { options.checkEvery }
    private let plain = Atomic<Int>(0)
    private let found = Synchronization.Mutex(Found())
    /// Of the whole exploration.
    let budget: Budget

    struct Found {
        var finals: Set<UInt64> = []
        /// The shortest schedule seen of each kind of failure.
        var failures: [Verdict: (failure: Failure, path: [UInt8])] = [:]
        var first: Double?
        /// How commands ended.
        var ended: Set<CommandEnd> = []
    }

    init(pool: WorkPool, budget: Budget) {
        self.pool = pool
        self.budget = budget
    }

    var seconds: Double { budget.seconds }
    var result: Found { found.withLock { $0 } }
    var stateCount: Int { max(states.count, plain.load(ordering: .relaxed)) }

    private var options = ExploreOptions()
    private var progress: (@Sendable (ExploreProgress) -> Void)?
    /// What is done of the whole: in branches that are finished, and in those that threads are at.
    private let done = Synchronization.Mutex((finished: 0.0, current: [Int: Double]()))
    /// What of it was done when this search began.
    private var begun = 0.0
    private let ticks = Atomic<Int>(0)
    private let steps = Atomic<Int>(0)

    /// Says how to search, and who is told; before the threads start.
    func set(_ options: ExploreOptions, _ progress: (@Sendable (ExploreProgress) -> Void)?) {
        self.options = options
        self.progress = progress
    }

    /// A thread has done so much of the branch that it is at.
    func note(_ thread: Int, _ fraction: Double) { done.withLock { $0.current[thread] = fraction } }

    /// A thread has finished a branch that was so much of the whole.
    func finished(_ thread: Int, _ weight: Double) {
        done.withLock { done in
            done.finished += weight
            done.current[thread] = 0
        }
    }

    /// From 0 to 1.
    var fraction: Double { done.withLock { done in done.current.values.reduce(done.finished, +) } }

    /// Goes on where another search stopped.
    func load(_ saved: SavedSearch) {
        if saved.hasLost { lose() }
        states.load(saved.states)
        found.withLock { $0 = saved.found }
        done.withLock { $0.finished = saved.fraction }
        begun = saved.fraction
        if saved.states.keys.isEmpty { plain.store(saved.counts.states, ordering: .relaxed) }
    }

    /// Called by each thread after each run.
    func tick(_ count: Int) {
        steps.add(count, ordering: .relaxed)
        guard ticks.add(1, ordering: .relaxed).newValue & 0xff == 0 else { return }
        if budget.look() { stop() }
        exchange?.sync(states)
        progress?(
            ExploreProgress(
                seconds: seconds, states: stateCount, steps: steps.load(ordering: .relaxed), fraction: fraction,
                begun: begun, bytes: states.bytes))
    }

    /// Called by each thread now and then in the middle of a run, which may have no end.
    func tickWithin() { if budget.lookNowAndThen() { stop() } }

    private func stop() {
        cutOff()
        pool.stop()
    }

    /// Commands ended so.
    func note(_ ended: Set<CommandEnd>) { found.withLock { $0.ended.formUnion(ended) } }

    func countState() { plain.add(1, ordering: .relaxed) }

    /// A run came to its end.
    func end(_ fingerprint: UInt64, _ failure: Failure?, _ path: [UInt8]) {
        found.withLock { found in
            found.finals.insert(fingerprint)
            guard let failure else { return }
            if found.first == nil { found.first = seconds }
            if let old = found.failures[failure.verdict], old.path.count <= path.count { return }
            found.failures[failure.verdict] = (failure, path)
        }
    }
}
