import Foundation
import KernelModule
import Machine
import Zram

/// One cell of the matrix: a scenario under a policy.
public struct MatrixCell: Codable, Sendable {
    /// Its number within the whole matrix.
    public let number: Int
    /// The policy's name.
    public let policy: String
    /// What was found.
    public let outcome: Outcome
    /// What the scenario expects; nil if it does not say.
    public let expected: [Verdict]?
    /// True if what was found is what the scenario expects.
    public var isAsExpected: Bool { expected.map { $0 == outcome.verdicts } ?? true }
}

/// Explores every scenario under every policy, in parallel.
///
/// - Parameters:
///   - threads: cells explored at once; each takes one thread.
///   - shard: the part of the cells that this process explores.
///   - done: called with each finished cell, from any thread.
/// - Returns: the cells by scenario and then policy, in the order given. Those of several shards are merged by `merge`.
public func matrix(
    _ scenarios: [Scenario], policies: [Policy] = Policy.all, options: ExploreOptions = ExploreOptions(),
    threads: Int = 1, shard: Shard = .whole, done: @escaping @Sendable (MatrixCell) -> Void = { _ in }
) -> [MatrixCell] {
    let all = scenarios.flatMap { scenario in policies.map { (scenario, $0) } }
    let jobs = all.indices.filter { shard.has($0) }.map { (number: $0, scenario: all[$0].0, policy: all[$0].1) }
    return parallel(jobs.count, threads: threads) { place in
        let job = jobs[place]
        let cell = MatrixCell(
            number: job.number, policy: job.policy.name,
            outcome: explore(job.scenario, patches: job.policy.patches, options: options),
            expected: job.scenario.expected[job.policy.name])
        done(cell)
        return cell
    }
}

/// Puts the cells of several shards in order.
public func merge(_ shards: [[MatrixCell]]) -> [MatrixCell] { shards.joined().sorted { $0.number < $1.number } }

/// What a set of patches does for a scenario.
public struct PatchSet: Codable, Sendable {
    /// The patches, in order.
    public let patches: [String]
    /// What was found.
    public let verdicts: [Verdict]
    /// Proved, and no part of it is.
    public let isMinimal: Bool
}

extension Scenario {
    /// True unless the scripts load a driver beside zram.
    public var concernsZram: Bool { words.intersection(Machine.modules.map(\.name)).subtracting(["zram"]).isEmpty }

    /// The patches that mean to cure something in the modules that the scripts name.
    var cures: [Patch] {
        Patch.allCases.filter { patch in
            switch patch {
            case .noUnbreakPairing, .naiveSelfRemove: false
            case .kernfsPinsModule, .storePinsModule: true
            default: patch.concernsZram == concernsZram
            }
        }
    }
}

/// Explores a scenario under all subsets of the patches: which suffice?
///
/// - Parameter among: the patches to combine; by default all that mean to cure something.
/// - Returns: all subsets, smallest first, the minimal ones that suffice marked.
public func minimalPatchSets(
    _ scenario: Scenario, among: [Patch]? = nil, options: ExploreOptions = ExploreOptions(), threads: Int = 1,
    done: @escaping @Sendable (_ finished: Int, _ total: Int) -> Void = { _, _ in }
) -> [PatchSet] {
    let patches = among ?? scenario.cures
    let subsets = (0..<(1 << patches.count)).map { bits in
        Set(patches.indices.filter { bits & 1 << $0 != 0 }.map { patches[$0] })
    }.sorted { $0.count < $1.count }
    var options = options
    options.isMinimising = false
    let finished = Counter()
    let fixed = options
    let verdicts = parallel(subsets.count, threads: threads) { place in
        let outcome = explore(scenario, patches: subsets[place], options: fixed)
        done(finished.next(), subsets.count)
        return outcome.verdicts
    }
    let sufficient = subsets.indices.filter { verdicts[$0] == [.proved] }
    return subsets.indices.map { place in
        let isMinimal =
            verdicts[place] == [.proved]
            && !sufficient.contains { $0 != place && subsets[$0].isStrictSubset(of: subsets[place]) }
        return PatchSet(
            patches: subsets[place].sorted().map(\.rawValue), verdicts: verdicts[place], isMinimal: isMinimal)
    }
}
