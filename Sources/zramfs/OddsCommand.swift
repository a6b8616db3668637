import ArgumentParser
import Explorer
import KernelCore
import Zram

/// `zramfs odds`: how likely is it?
struct OddsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "odds", abstract: "How likely a scenario fails under a random scheduler: exactly, by counting.",
        discussion: """
            Examples:
              zramfs odds disksize-vs-rmmod --policy 5.15
              zramfs odds disksize-vs-rmmod --policy 5.15 --sample 10000   # and what random runs found
            """)

    @OptionGroup var scenario: ScenarioArguments
    @OptionGroup var policy: PolicyArguments
    @Option(help: "Random runs to set beside the exact figure.") var sample = 0
    @Option(help: "Seed of the random runs.") var seed: UInt64 = 1
    @Flag(help: "For programs.") var json = false

    func run() throws {
        let scenario = try scenario.load()
        let patches = try policy.load()
        guard let odds = Explorer.odds(scenario, patches: patches) else {
            throw Failure("\(scenario.name) loops without a bound, or has too many states to be counted")
        }
        if json { return JSON.print(odds) }
        print("\(scenario.name): if whoever can go on does so with equal chance, a run fails with probability")
        print("  \(Number.text(odds.probability))  exact, over \(odds.states) states")
        for (verdict, chance) in odds.byVerdict.sorted(by: { $0.value > $1.value }) {
            print("  \(Number.text(chance))  \(verdict)")
        }
        print("schedules: \(Number.text(odds.schedules)), of which \(Number.text(odds.failing)) fail")
        print(
            "PCT with one change of priority finds it in at least one run of \(Number.text(1 / odds.pctBound(depth: 2)))"
        )
        guard sample > 0 else { return }
        let found = Explorer.sample(scenario, patches: patches, runs: sample, seed: seed)
        print("random: \(found.failures.values.reduce(0, +)) of \(found.runs) runs failed, \(Number.text(found.rate))")
    }
}

/// `zramfs verify-proof`: checks a proof again.
struct VerifyProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-proof", abstract: "Check a proof again, by a walk that shares nothing with the search.",
        discussion: """
            Example:
              zramfs explore reset-vs-rmmod --policy 5.16 --proof reset.proof && zramfs verify-proof reset.proof
            """)

    @Argument(help: "The proof's file.") var file: String

    func run() throws {
        let proof: Proof
        do { proof = try Proof(file: file) } catch { throw Failure("\(file) is no proof: \(error)", .usage) }
        if let wrong = try proof.verify() { throw Failure("\(file): \(wrong)") }
        print("\(file) holds: \(proof.scenario) under \(proof.patches.joined(separator: " "))")
    }
}
