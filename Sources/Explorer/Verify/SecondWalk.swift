import KernelCore
import Zram

/// A walk through the schedules of a scenario that has nothing of the search: no reduction, no steps that are recalled,
/// every step taken by a fresh machine that has all its files. It knows of the machine who can go on, what went wrong, and
/// what the tasks saw; that is all.
final class SecondWalk {
    /// How it tells whether it was somewhere before.
    enum Kind: CaseIterable {
        /// By the fingerprints that the search goes by.
        case states
        /// By all that each task saw since it was born, whatever its script is thought to depend on.
        case histories
        /// By that, and by who used each object in which order.
        case orders
        /// Not at all.
        case schedules

        /// In words.
        var name: String {
            switch self {
            case .states: "the walk through all states"
            case .histories: "the walk through all histories"
            case .orders: "the walk through all orders of steps"
            case .schedules: "the walk through all schedules"
            }
        }
    }

    /// How it ended.
    enum End {
        /// It came to its end, and nothing failed; in words.
        case complete(String)
        /// It did not; why.
        case stopped(String)
        case failure(Failure, Schedule)
    }

    private let setting: Setting
    private let kind: Kind
    private let limit: Int
    private let seconds: Double
    private let clock = KernelClock()
    private let executor = KernelExecutor()
    private let memory = EmptyMemory()
    private var path: [UInt16] = []
    private var place: WalkPlace?
    private var levels: [[UInt16]] = []
    private var known: Set<UInt64> = []
    private var ends: Set<UInt64> = []
    private var schedules = 0

    init(_ scenario: Scenario, _ patches: Set<Patch>, _ kind: Kind, limit: Int, seconds: Double) {
        setting = Setting(scenario, patches, isSymmetric: false, isWhole: true)
        self.kind = kind
        self.limit = limit
        self.seconds = seconds
        place = WalkPlace(Run(setting, executor: executor, memory: memory))
    }

    private var isLate: Bool { Double(clock.now) / 1e9 > seconds }

    /// Walks, once.
    func walk() -> End {
        defer {
            place = nil
            executor.retire()
        }
        if isLate { return .stopped("no time was left") }
        if setting.isUnbounded {
            return kind == .states ? unbounded() : .stopped("a loop without a bound has no end of them")
        }
        if kind == .schedules, let many = tooMany() { return .stopped(many) }
        while let run = place?.run {
            if let failure = run.failure { return failed(failure) }
            if enter(run) {
                let enabled = run.tasks.indices.filter { run.isEnabled($0) }.map { UInt16($0) }
                if let first = enabled.first {
                    levels.append(enabled.dropFirst().reversed())
                    take(first)
                    if path.count & 0xff == 0, isLate { return .stopped(sofar("the time was used up")) }
                    continue
                }
                schedules += 1
                ends.insert(run.finalFingerprint)
                if let failure = run.endFailure() { return failed(failure) }
            }
            if isLate { return .stopped(sofar("the time was used up")) }
            if known.count > limit { return .stopped(sofar("there are more than \(limit)")) }
            guard goBack() else { break }
        }
        return .complete(summary)
    }

    /// - Returns: false if it was here before.
    private func enter(_ run: Run) -> Bool {
        switch kind {
        case .states: known.insert(run.fingerprint).inserted
        case .histories: known.insert(place?.histories ?? 0).inserted
        case .orders: known.insert(place?.orders ?? 0).inserted
        case .schedules: true
        }
    }

    private func take(_ number: UInt16) {
        path.append(number)
        place?.take(Int(number))
    }

    /// To the last place that has a step left to try, on a fresh machine.
    private func goBack() -> Bool {
        while let last = levels.last, last.isEmpty {
            levels.removeLast()
            path.removeLast(min(1, path.count))
        }
        guard let next = levels.indices.last.map({ levels[$0].removeLast() }) else { return false }
        path.removeLast(path.count - (levels.count - 1))
        path.append(next)
        place = WalkPlace(Run(setting, executor: executor, memory: memory))
        for choice in path { place?.take(Int(choice)) }
        return true
    }

    private func failed(_ failure: Failure) -> End {
        .failure(failure, Schedule(digest: setting.programDigest, path: path))
    }

    private func sofar(_ why: String) -> String {
        kind == .schedules ? "\(why), after \(schedules) schedules" : "\(why), after \(known.count)"
    }

    private var summary: String {
        switch kind {
        case .states:
            "all \(known.count) states of an unreduced walk, \(ends.count) ends, told apart by the 64-bit fingerprints that "
                + "the search goes by"
        case .histories:
            "all \(known.count) states of an unreduced walk, told apart by 64-bit hashes of all that each task ever saw, "
                + "and no fingerprint of a script's place"
        case .orders:
            "all \(known.count) orders of steps of an unreduced walk, told apart by 64-bit hashes of who used each object "
                + "when"
        case .schedules: "every schedule walked, \(schedules) schedules: no state was taken for another"
        }
    }

    /// Loops without a bound: all states, none starved, by the search's own look for ways round.
    private func unbounded() -> End {
        let graph = StateGraph(DeadlineWalk(setting, { [self] in isLate }), limit: limit)
        guard graph.isComplete else { return .stopped("the time was used up, or there are more than \(limit)") }
        if let place = graph.nodes.firstIndex(where: { $0.failure != nil }), let failure = graph.nodes[place].failure {
            return .failure(failure, Schedule(digest: setting.programDigest, path: graph.path(to: place)))
        }
        let scripts = setting.scenario.terminals
        let endless = scripts.indices.reduce(TaskMask(0)) { scripts[$1].isEndless ? $0 | 1 << $1 : $0 }
        let starvation = Starvation(graph: graph, endless: endless)
        if let (_, states) = starvation.find() {
            return .failure(
                Failure(verdict: .starvation, what: "a way round of \(states.count) states", task: 0),
                Schedule(digest: setting.programDigest, path: starvation.round(states)))
        }
        return .complete(
            "all \(graph.nodes.count) states of an unreduced walk, told apart by the 64-bit fingerprints that the search goes "
                + "by; the look for ways round on which somebody starves is the search's")
    }

    /// A guess how many schedules there are, from some at random (Knuth's): no walk begins that has no hope to end.
    private func tooMany() -> String? {
        var random: UInt64 = 1
        var sum = 0.0
        let began = clock.now
        let samples = 24
        for _ in 0..<samples {
            let run = Run(setting, executor: executor, memory: memory)
            var weight = 1.0
            while run.failure == nil {
                let enabled = run.tasks.indices.filter { run.isEnabled($0) }
                guard !enabled.isEmpty else { break }
                weight *= Double(enabled.count)
                random = mix(random, 0x5eed)
                run.step(enabled[Int(random % UInt64(enabled.count))])
            }
            sum += weight
        }
        let each = Double(clock.now - began) / 1e9 / Double(samples)
        let guess = sum / Double(samples)
        let left = seconds - Double(clock.now) / 1e9
        guard guess * each > left * 4 else { return nil }
        return "there are about 10^\(Int(max(0, guess.exponent) * 30103 / 100_000)) of them"
    }
}
