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
    var setting = Setting(scenario: scenario, patches: patches)
    setting.isWhole = !options.reductions.contains(.namedFiles)
    setting.isSymmetric = options.reductions.contains(.symmetry)
    let (share, counts) = search(setting, options)
    var verdicts = share.result.failures.keys.sorted()
    if verdicts.isEmpty { verdicts = [share.isCut ? .undecided : .proved] }
    let digest = setting.programDigest
    let findings = share.result.failures.values.sorted { $0.failure.verdict < $1.failure.verdict }.map {
        Outcome.Finding(failure: $0.failure, schedule: Schedule(digest: digest, path: $0.path), isMinimal: false)
    }
    return Outcome(
        scenario: scenario.name, patches: patches.sorted().map(\.rawValue), verdicts: verdicts, findings: findings,
        counts: counts, reductions: options.reductions, digest: digest,
        finals: String(share.result.finals.sorted().reduce(1, mix), radix: 16))
}

/// The depth-first search, again and again until it ends with the table that it began with.
func search(_ setting: Setting, _ options: ExploreOptions) -> (SearchShare, SearchCounts) {
    var table = SharingTable()
    let clock = KernelClock()
    var attempts = 0
    while true {
        attempts += 1
        let share = SearchShare(pool: WorkPool(threads: options.threads, first: [WorkPool.Branch(path: [])]))
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
        if !isBroken {
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
