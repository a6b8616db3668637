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
        let policy = try policy.choose(for: self.scenario.scenario)
        let patches = policy.patches
        let scenario = try scenario.load()
        guard let odds = Explorer.odds(scenario, patches: patches) else {
            throw Failure("\(scenario.name) loops without a bound, or has too many states to be counted")
        }
        let windows = Explorer.windows(scenario, patches: patches)
        if json { return JSON.print(Report(odds: odds, windows: windows, samples: samples(scenario, patches, odds))) }
        print("\(scenario.name) under \(policy.title)")
        print("if whoever can go on does so with equal chance, a run fails with probability")
        print("  \(Number.text(odds.probability))  exact, over \(odds.states) states")
        for (verdict, chance) in odds.byVerdict.sorted(by: { $0.value > $1.value }) {
            print("  \(Number.text(chance))  \(verdict)")
        }
        print("schedules: \(Number.text(odds.schedules)), of which \(Number.text(odds.failing)) fail")
        print("\nSCHEDULER   EXACT" + (sample > 0 ? "     OF \(sample) RUNS" : "        PCT PROMISES"))
        let samples = samples(scenario, patches, odds)
        var lines = [("uniform", odds.probability, "-")]
        lines += odds.pct.map {
            ("PCT, d = \($0.depth)", $0.probability, Number.text(odds.pctBound(depth: $0.depth)))
        }
        for (name, exact, promise) in lines {
            let found = samples.first { $0.scheduler == name }
            print(
                name.padding(12) + Number.text(exact).padding(10)
                    + (found.map { "\(Number.text($0.rate)), \($0.failed) failed" } ?? promise))
        }
        show(windows)
    }

    /// What random runs found, by scheduler.
    private struct Sampled: Encodable {
        let scheduler: String
        let runs: Int
        let failed: Int
        let rate: Double
    }

    private struct Report: Encodable {
        let odds: Odds
        let windows: [Window]
        let samples: [Sampled]
    }

    private func samples(_ scenario: Scenario, _ patches: Set<Patch>, _ odds: Odds) -> [Sampled] {
        guard sample > 0 else { return [] }
        let modes =
            [("uniform", SampleMode.uniform)]
            + odds.pct.map { ("PCT, d = \($0.depth)", .pct(depth: $0.depth, steps: odds.depth)) }
        return modes.map { name, mode in
            let found = Explorer.sample(scenario, patches: patches, mode: mode, runs: sample, seed: seed)
            return Sampled(
                scheduler: name, runs: found.runs, failed: found.failures.values.reduce(0, +), rate: found.rate)
        }
    }

    private func show(_ windows: [Window]) {
        if windows.isEmpty { return }
        print("\nWINDOWS: where one interruption suffices, in steps, and in microseconds of this machine's simulation")
        for window in windows {
            let width = window.last - window.first + 1
            var line = "  \(window.interrupted) is overtaken by \(window.overtaking): \(width) of \(window.steps) steps"
            if let time = window.microseconds, let total = window.totalMicroseconds {
                line += ", \(Number.text(time)) of \(Number.text(total)) us"
            }
            print(line + ": \(window.verdict.rawValue)")
            print("    behind \(window.opens), no later than before \(window.closes)")
        }
    }
}
