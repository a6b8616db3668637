import Foundation
import Zram

/// One cell of the matrix: a scenario under a policy.
public struct MatrixCell: Codable, Sendable {
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
///   - done: called with each finished cell, from any thread.
/// - Returns: the cells by scenario, in the order given.
public func matrix(
    _ scenarios: [Scenario], policies: [Policy] = Policy.all, options: ExploreOptions = ExploreOptions(),
    threads: Int = 1, done: @escaping @Sendable (MatrixCell) -> Void = { _ in }
) -> [[MatrixCell]] {
    let jobs = scenarios.flatMap { scenario in policies.map { (scenario, $0) } }
    let cells = parallel(jobs.count, threads: threads) { place in
        let (scenario, policy) = jobs[place]
        let cell = MatrixCell(
            policy: policy.name, outcome: explore(scenario, patches: policy.patches, options: options),
            expected: scenario.expected[policy.name])
        done(cell)
        return cell
    }
    return scenarios.indices.map { Array(cells[($0 * policies.count)..<(($0 + 1) * policies.count)]) }
}

/// What a set of patches does for a scenario.
public struct PatchSet: Codable, Sendable {
    /// The patches, in order.
    public let patches: [String]
    /// What was found.
    public let verdicts: [Verdict]
    /// Proved, and no part of it is.
    public let isMinimal: Bool
}

/// Explores a scenario under all subsets of the patches: which suffice?
///
/// - Parameter among: the patches to combine; by default all that mean to cure something.
/// - Returns: all subsets, smallest first, the minimal ones that suffice marked.
public func minimalPatchSets(
    _ scenario: Scenario, among: [Patch]? = nil, options: ExploreOptions = ExploreOptions(), threads: Int = 1,
    done: @escaping @Sendable (_ finished: Int, _ total: Int) -> Void = { _, _ in }
) -> [PatchSet] {
    let patches = among ?? Patch.allCases.filter { ![.noUnbreakPairing, .naiveSelfRemove].contains($0) }
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
