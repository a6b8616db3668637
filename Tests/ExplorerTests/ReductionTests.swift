import Foundation
import Testing
import Zram

@testable import Explorer

/// Every reduction on against off, on generated scenarios: the verdicts and the sets of final states are the same.
@Suite("Reductions")
struct ReductionTests {
    /// As many as fit in a test run; `ZRAMFS_LONG=3000` for a long one.
    static let count = Int(ProcessInfo.processInfo.environment["ZRAMFS_LONG"] ?? "") ?? 25

    static func generated(_ seed: UInt64) throws -> (Scenario, Set<Patch>) {
        var random = SplitMix(state: seed &* 7919)
        let commands = [
            "echo 1M > $1/zram0/disksize", "echo 1 > $1/zram0/reset", "cat $1/zram0/initstate",
            "echo zram > $1/debug/delete_module", "echo 0 > $1/zram-control/hot_remove", "cat $1/zram-control/hot_add",
            "echo 0 > $1/cpu/cpu1/online", "echo lz4 > $1/zram0/comp_algorithm", "echo 0 > $1/zram0/hot_remove",
            "exec 3> $1/zram0/reset; echo 1 >&3", "echo zram > $1/debug/init_module",
            "echo 1 > $1/zram0/reset || cat $1/zram0/mm_stat",
        ]
        var scripts: [String: String] = [:]
        if Bool.random(using: &random) { scripts["setup"] = "echo 1M > $1/zram0/disksize" }
        let isPair = Int.random(in: 0..<3, using: &random) == 0
        scripts["a"] = commands.randomElement(using: &random)!
        if !isPair { scripts["b"] = commands.randomElement(using: &random)! }
        let patches = Set(Patch.allCases.filter { _ in Int.random(in: 0..<4, using: &random) == 0 })
        return (try Scenario(name: "g\(seed)", scripts: scripts, terminals: isPair ? "a*2" : ""), patches)
    }

    @Test("on and off agree")
    func agree() throws {
        let counts = parallel(Self.count, threads: 2) { number -> String? in
            guard let (scenario, patches) = try? Self.generated(UInt64(number + 1)) else { return "unreadable" }
            func look(_ reductions: Reductions) -> Outcome {
                var options = ExploreOptions()
                options.reductions = reductions
                options.isMinimising = false
                return explore(scenario, patches: patches, options: options)
            }
            let base: Reductions = [.fingerprints, .namedFiles]
            let plain = look(base)
            for reductions: Reductions in [
                .all, [base, .localSteps], [base, .sleepSets], [base, .symmetry], [base, .localSteps, .sleepSets],
            ] {
                let reduced = look(reductions)
                if reduced.verdicts != plain.verdicts || reduced.finals != plain.finals {
                    return "\(scenario.name) \(scenario.terminalTexts) \(patches) \(reductions.names): "
                        + "\(reduced.verdicts) \(reduced.counts.finalStates), plain \(plain.verdicts) "
                        + "\(plain.counts.finalStates)"
                }
            }
            return nil
        }
        let wrong = counts.compactMap { $0 }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(3).joined(separator: "\n"))")
    }

    private static let bases: [Reductions] = [
        .all, [.fingerprints, .namedFiles], [.fingerprints, .namedFiles, .sleepSets],
    ]

    /// What a search found, and how; but for how often a machine was made.
    private func look(
        _ scenario: Scenario, _ patches: Set<Patch>, _ reductions: Reductions, checkEvery: Int = 1 << 40
    ) -> (outcome: Outcome, account: [String]) {
        var options = ExploreOptions()
        options.reductions = reductions
        options.isMinimising = false
        options.checkEvery = checkEvery
        let outcome = explore(scenario, patches: patches, options: options)
        let counts = outcome.counts
        return (
            outcome,
            [
                "\(outcome.verdicts)", outcome.finals, "\(outcome.findings.map(\.schedule.description))",
                "\([counts.states, counts.transitions, counts.finalStates, counts.failures, counts.depth])",
            ]
        )
    }

    /// nil if recalled steps change nothing, and each does what it does when it is taken.
    func recalling(
        _ scenario: Scenario, _ patches: Set<Patch>, in bases: [Reductions] = Self.bases
    ) -> String? {
        for base in bases {
            let taken = look(scenario, patches, base.subtracting(.recalledSteps))
            let recalled = look(scenario, patches, base.union(.recalledSteps))
            let checked = look(scenario, patches, base.union(.recalledSteps), checkEvery: 1)
            let what = "\(scenario.name) \(scenario.terminalTexts) \(patches) \(base.names)"
            if !checked.outcome.reductions.contains(.recalledSteps) { return "mistaken: \(what)" }
            if taken.account != recalled.account { return "\(what): \(taken.account), recalled \(recalled.account)" }
            if taken.account != checked.account { return "\(what): \(taken.account), checked \(checked.account)" }
        }
        return nil
    }

    @Test("a recalled step does what it does when it is taken: generated scenarios")
    func recalledSteps() throws {
        let wrong = parallel(Self.count, threads: 2) { number -> String? in
            guard let (scenario, patches) = try? Self.generated(UInt64(number + 1)) else { return "unreadable" }
            return recalling(scenario, patches)
        }.compactMap { $0 }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(3).joined(separator: "\n"))")
    }

    @Test("a recalled step does what it does when it is taken: the matrix", arguments: Fixtures.names)
    func recalledMatrix(name: String) throws {
        let scenario = try Fixtures.scenario(name)
        // All of them in a long run.
        let isLong = Self.count > 25
        let first = Fixtures.names.firstIndex(of: name)! % Policy.all.count
        for policy in isLong ? Policy.all[...] : Policy.all[first...first] {
            let wrong = recalling(scenario, policy.patches, in: isLong ? Self.bases : [.all])
            #expect(wrong == nil, "\(policy.name)")
        }
    }

    /// A search that holds on to an object over a step finds other states than a replay of it: no matter for the others.
    @Test("a recalled step does what it does when it is taken: with much that is freed", arguments: ["5.16", "5.15"])
    func recalledFrees(policy: String) throws {
        let scenario = try Scenario(
            name: "frees",
            scripts: [
                "writer": "echo 1M > $1/zram0/disksize; echo 1 > $1/zram0/reset",
                "remover": "echo zram > $1/debug/delete_module",
            ], terminals: "writer*2")
        #expect(recalling(scenario, Policy.named(policy)!.patches, in: [.all]) == nil)
    }

    @Test("fingerprints forget nothing that matters: with and without them the final states are the same")
    func fingerprints() throws {
        let scenario = try Scenario(
            name: "s", scripts: ["a": "cat $1/zram0/initstate", "b": "echo 1 > $1/zram0/max_comp_streams"])
        var options = ExploreOptions()
        options.reductions = [.namedFiles]
        let plain = explore(scenario, patches: [], options: options)
        #expect(plain.counts.runs > 1000)
        options.reductions = [.namedFiles, .fingerprints]
        let merged = explore(scenario, patches: [], options: options)
        #expect(plain.finals == merged.finals && plain.verdicts == merged.verdicts)
        #expect(merged.counts.runs < plain.counts.runs / 10)
    }

    @Test("two threads find what one finds")
    func threads() throws {
        let scenario = try Fixtures.scenario("disksize-reset-vs-rmmod")
        var options = ExploreOptions()
        options.isMinimising = false
        let one = explore(scenario, patches: [], options: options)
        options.threads = 2
        let two = explore(scenario, patches: [], options: options)
        #expect(one.finals == two.finals && one.verdicts == two.verdicts)
    }
}
