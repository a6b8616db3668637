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
}

/// Walks all interleavings of a scenario on a driver with some patches.
public func explore(
    _ scenario: Scenario, patches: Set<Patch>, options: ExploreOptions = ExploreOptions(),
    progress: (@Sendable (ExploreProgress) -> Void)? = nil
) -> Outcome {
    let setting = Setting(
        scenario, patches, isSymmetric: options.reductions.contains(.symmetry),
        isWhole: !options.reductions.contains(.namedFiles))
    let digest = setting.programDigest
    let (share, counts) = search(setting, options, progress)
    var findings: [Outcome.Finding] = []
    var shortest = ShortestSearch(setting)
    let wanted = Set(share.result.failures.keys)
    let isMinimal = options.isMinimising && !wanted.isEmpty && shortest.search(wanted, runs: options.minimisingRuns)
    for (verdict, (failure, path)) in share.result.failures {
        let found = options.isMinimising ? shortest.found[verdict] : nil
        findings.append(
            Outcome.Finding(
                failure: found?.failure ?? failure, schedule: Schedule(digest: digest, path: found?.path ?? path),
                preemptions: found?.preemptions, isMinimal: found != nil && isMinimal))
    }
    if setting.isUnbounded, wanted.isEmpty, let starved = starvation(setting, digest) { findings.append(starved) }
    findings.sort { $0.failure.verdict < $1.failure.verdict }
    var verdicts = findings.map(\.failure.verdict)
    if verdicts.isEmpty { verdicts = [share.isCut ? .undecided : .proved] }
    return Outcome(
        scenario: scenario.name, patches: patches.sorted().map(\.rawValue), verdicts: verdicts, findings: findings,
        counts: counts, reductions: options.reductions, digest: digest,
        finals: String(share.result.finals.sorted().reduce(1, mix), radix: 16))
}

/// A fair way round in which somebody never comes to their end.
private func starvation(_ setting: Setting, _ digest: String) -> Outcome.Finding? {
    let scripts = setting.scenario.terminals
    let graph = StateGraph(setting, limit: 1_000_000)
    let endless = scripts.indices.reduce(UInt32(0)) { scripts[$1].isEndless ? $0 | 1 << UInt32($1) : $0 }
    let starvation = Starvation(graph: graph, endless: endless)
    guard let (tasks, states) = starvation.find() else { return nil }
    let first = tasks.trailingZeroBitCount
    let name = first < scripts.count ? scripts[first].name : "zramfs"
    return Outcome.Finding(
        failure: Failure(
            verdict: .starvation,
            what: "\(name) can be kept from its end for ever, by a way round of \(states.count) states", task: first),
        schedule: Schedule(digest: digest, path: starvation.round(states)), preemptions: nil, isMinimal: false)
}

/// The depth-first search, again and again until it ends with the table that it began with.
func search(
    _ setting: Setting, _ options: ExploreOptions, _ progress: (@Sendable (ExploreProgress) -> Void)? = nil
) -> (SearchShare, SearchCounts) {
    var table = SharingTable()
    let clock = KernelClock()
    var attempts = 0
    while true {
        attempts += 1
        let share = SearchShare(pool: WorkPool(threads: options.threads, first: [WorkPool.Branch(path: [])]))
        share.limit(options, progress)
        nonisolated(unsafe) let searchers = (0..<options.threads).map { _ in
            Searcher(setting, options.reductions, share, table: table)
        }
        if options.threads == 1 {
            searchers[0].work()
        } else {
            DispatchQueue.concurrentPerform(iterations: options.threads) { searchers[$0].work() }
        }
        var counts = SearchCounts()
        var isBroken = false
        var merged = searchers[0].table
        for searcher in searchers {
            counts.add(searcher.counts)
            isBroken = isBroken || searcher.table.isBroken
            if searcher !== searchers[0], merged.merge(searcher.table) { isBroken = true }
        }
        if !isBroken || share.isCut {
            counts.states = share.stateCount
            counts.finalStates = share.result.finals.count
            counts.attempts = attempts
            counts.firstFailure = share.result.first
            counts.seconds = Double(clock.now) / 1e9
            return (share, counts)
        }
        merged.restart()
        table = merged
    }
}
