import Foundation
import KernelCore
import Zram

/// Tells how an exploration goes on.
public struct ExploreProgress: Codable, Sendable {
    /// Seconds so far.
    public let seconds: Double
    /// States so far.
    public let states: Int
    /// Steps so far, replayed ones as well.
    public let steps: Int
    /// What is done, from 0 to 1, if all branches were alike. They are not: later ones meet more states that are known.
    public let fraction: Double
    /// What of it an earlier search had done.
    public let begun: Double
    /// Bytes that the states take.
    public let bytes: Int
    /// Seconds that the rest takes if it goes on as it went; nil while nothing can be said.
    public var secondsLeft: Double? {
        fraction - begun > 0.001 ? seconds * (1 - fraction) / (fraction - begun) : nil
    }
}

/// Walks all interleavings of a scenario on a driver with some patches.
///
/// - Parameters:
///   - saved: goes on where an earlier search of the same stopped (`SavedSearch.matches`). If it is one of several parts,
///     nothing is proved, and all is given to `saving` at the end, to be merged.
///   - exchange: what the parts tell each other by.
///   - isInterrupted: asked now and then; the search stops when it says so.
///   - saving: called with what is left if the search stopped before its end.
public func explore(
    _ scenario: Scenario, patches: Set<Patch>, options: ExploreOptions = ExploreOptions(),
    resuming saved: SavedSearch? = nil, exchange: StateExchange? = nil, isInterrupted: (@Sendable () -> Bool)? = nil,
    saving: ((SavedSearch) -> Void)? = nil, progress: (@Sendable (ExploreProgress) -> Void)? = nil
) -> Outcome {
    let setting = Setting(
        scenario, patches, isSymmetric: options.reductions.contains(.symmetry),
        isWhole: !options.reductions.contains(.namedFiles))
    let digest = setting.programDigest
    let isPart = saved?.isPart == true
    let budget = Budget(options, isInterrupted: isInterrupted)
    let (share, counts, left) = search(setting, options, budget, saved, exchange, progress)
    if let left, let saving { saving(left.named(SearchIdentity(scenario, patches, options.reductions))) }
    var findings: [Outcome.Finding] = []
    let wanted = Set(share.result.failures.keys)
    // Who ended the search, or does a part of it, does not wait for what comes behind it.
    let isHurried = isPart || isInterrupted?() == true
    var isCut = share.isCut || wanted.contains(.undecided) || share.isUnnoted
    let isMinimising = options.isMinimising && !isHurried
    var reductions = share.reductions
    var mistake = share.mistake
    func look(recalls: Bool) -> (search: ShortestSearch, isMinimal: Bool) {
        var shortest = ShortestSearch(
            setting, recalls: recalls, checkEvery: options.checkEvery, cache: recalls ? share.cache : StepCache(),
            budget: budget)
        let isMinimal =
            isMinimising && !wanted.isEmpty
            && shortest.search(wanted.subtracting([.undecided]), runs: options.minimisingRuns)
        return (shortest, isMinimal)
    }
    var (shortest, isMinimal) = look(recalls: reductions.contains(.recalledSteps))
    if let wrong = shortest.mistake {
        mistake = wrong
        reductions.remove(.recalledSteps)
        (shortest, isMinimal) = look(recalls: false)
    }
    for (verdict, (failure, path)) in share.result.failures {
        let found = isMinimising ? shortest.found[verdict] : nil
        findings.append(
            Outcome.Finding(
                failure: found?.failure ?? failure, schedule: Schedule(digest: digest, path: found?.path ?? path),
                preemptions: found?.preemptions, isMinimal: found != nil && isMinimal))
    }
    if setting.isUnbounded, wanted.isEmpty, !isHurried {
        let (starved, isWhole) = starvation(setting, digest, share, options, budget)
        if let starved { findings.append(starved) }
        if !isWhole { isCut = true }
    }
    findings.sort { $0.failure.verdict < $1.failure.verdict }
    var verdicts = findings.map(\.failure.verdict)
    let never = isCut ? [] : scenario.neverSucceeded(share.result.ended)
    if verdicts.isEmpty { verdicts = [isCut ? .undecided : never.isEmpty ? .proved : .empty] }
    return Outcome(
        scenario: scenario.name, patches: patches.sorted().map(\.rawValue), verdicts: verdicts, findings: findings,
        counts: counts, reductions: reductions, mistake: mistake, isCut: isCut,
        isRepeatable: options.threads == 1 && saved == nil && mistake == nil, coverage: share.coverage,
        neverSucceeded: never, digest: digest,
        finals: String(share.result.finals.sorted().reduce(1, mix), radix: 16))
}

/// A fair way round in which somebody never comes to their end, and whether all states were looked at for it.
private func starvation(
    _ setting: Setting, _ digest: String, _ share: SearchShare, _ options: ExploreOptions, _ budget: Budget
) -> (Outcome.Finding?, isWhole: Bool) {
    let scripts = setting.scenario.terminals
    let limit = Int(Int32.max) - 1
    let graph =
        share.reductions.contains(.recalledSteps)
        ? StateGraph.recalling(
            setting, limit: limit, cache: share.cache, checkEvery: options.checkEvery, budget: budget)
        : StateGraph(setting, limit: limit, budget: budget)
    let endless = scripts.indices.reduce(TaskMask(0)) { scripts[$1].isEndless ? $0 | 1 << $1 : $0 }
    let starvation = Starvation(graph: graph, endless: endless)
    guard let (tasks, states) = starvation.find() else { return (nil, graph.isComplete) }
    let first = tasks.trailingZeroBitCount
    let name = first < scripts.count ? scripts[first].name : "zramfs"
    let finding = Outcome.Finding(
        failure: Failure(
            verdict: .starvation,
            what: "\(name) can be kept from its end for ever, by a way round of \(states.count) states", task: first),
        schedule: Schedule(digest: digest, path: starvation.round(states)), preemptions: nil, isMinimal: false)
    return (finding, graph.isComplete)
}

/// The depth-first search, again and again until it ends with the table that it began with.
///
/// - Returns: also what is left, if it was stopped.
func search(
    _ setting: Setting, _ options: ExploreOptions, _ budget: Budget, _ saved: SavedSearch? = nil,
    _ exchange: StateExchange? = nil, _ progress: (@Sendable (ExploreProgress) -> Void)? = nil
) -> (SearchShare, SearchCounts, SavedSearch?) {
    let origin = saved
    let isPart = saved?.isPart == true
    var saved = saved
    var table = saved?.table ?? SharingTable()
    var counts = saved?.counts ?? SearchCounts()
    var attempts = max(1, counts.attempts)
    var reductions = options.reductions
    var mistake: String?
    var coverage = saved?.coverage ?? Coverage()
    var isUnnoted = false
    while true {
        let first = saved?.branches ?? [WorkPool.Branch(path: [])]
        let share = SearchShare(pool: WorkPool(threads: options.threads, first: first), budget: budget)
        share.set(options, progress)
        share.reductions = reductions
        share.mistake = mistake
        share.isUnnoted = isUnnoted
        if let saved { share.load(saved) }
        if let exchange, isPart, reductions.contains(.fingerprints) {
            share.states.startJournal()
            share.exchange = exchange
            exchange.sync(share.states, isForced: true)
        }
        nonisolated(unsafe) let searchers = (0..<options.threads).map { number in
            Searcher(setting, reductions, share, table: table, number: number)
        }
        if options.threads == 1 {
            searchers[0].work()
        } else {
            onThreads(options.threads) { searchers[$0].work() }
        }
        share.exchange?.sync(share.states, isForced: true)
        var isBroken = false
        var merged = searchers[0].table
        var sum = saved == nil ? SearchCounts() : counts
        for searcher in searchers {
            coverage.formUnion(searcher.coverage)
            sum.add(searcher.counts)
            isBroken = isBroken || searcher.table.isBroken
            if searcher !== searchers[0], merged.merge(searcher.table) { isBroken = true }
        }
        counts = sum
        share.coverage = coverage
        if let wrong = searchers.compactMap(\.mistake).first {
            isBroken = true
            mistake = wrong
            isUnnoted = isUnnoted || searchers.contains { $0.isUnnoted }
            reductions.remove(.recalledSteps)
        }
        if isPart { share.cutOff() }
        if !isBroken || share.isCut {
            counts.states = share.stateCount
            counts.finalStates = share.result.finals.count
            counts.attempts = attempts
            counts.firstFailure = share.result.first
            if reductions.contains(.recalledSteps) { share.cache = searchers[0].cache }
            counts.seconds = (saved?.counts.seconds ?? 0) + budget.seconds
            guard share.isCut else { return (share, counts, nil) }
            let left = share.pool.remaining + searchers.flatMap(\.leftovers)
            return (share, counts, SavedSearch(share, counts, merged, left, isBroken: isBroken, from: origin))
        }
        merged.restart()
        table = merged
        saved = nil
        attempts += 1
    }
}
