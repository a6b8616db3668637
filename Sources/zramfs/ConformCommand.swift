import ArgumentParser
import Explorer
import Foundation
import SystemPackage
import Zram

/// `zramfs conform`: live runs against the explored graph.
struct ConformCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conform",
        abstract:
            "Run a scenario's terminals on a mount, and check that what they did is a path of the explored graph.",
        discussion: """
            Examples:
              zramfs conform disksize-vs-rmmod --policy v8-11 --runs 100
              zramfs conform ./my-scenario --policy 5.16 --jitter 2000 --json

            Real shells on a private mount, a fresh kernel for each run, every step delayed at random. Exit status 0:
            every trace is a path of the graph; 1: one is not, and the first step that departs is named. What the kernel
            starts for a terminal (a timer, its work) is followed, too, as far as it goes while the terminals run.
            """)

    @OptionGroup var arguments: ScenarioArguments
    @OptionGroup var policy: PolicyArguments
    @Option(help: "Runs, each on a fresh kernel.") var runs = 20
    @Option(help: "The seed of the first run's delays; each run has the next.") var seed = 1
    @Option(help: "Steps are delayed by up to so many microseconds.") var jitter = 300
    @Option(help: "States at which the graph is given up; then only the traces are checked.") var limit = 200_000
    @Option(help: "Keep the trace that departs in this file.") var trace: String?
    @Flag(help: "For programs.") var json = false
    @Option(help: "Write the result as JUnit XML to this file.") var junit: String?

    func run() throws {
        guard runs > 0, jitter > 0, seed >= 0 else { throw Failure("--runs and --jitter want a number from 1", .usage) }
        try Outputs.check(trace, junit)
        let scenario = try arguments.load()
        guard !scenario.terminalTexts.contains(where: { $0.contains("umount") }) else {
            throw Failure("\(scenario.name) unmounts: there is nothing left to read the trace from", .usage)
        }
        guard !scenario.terminalTexts.contains(where: { $0.contains("/dev/zram") }) else {
            throw Failure(
                "\(scenario.name) opens a disk: on a mount a task of its own closes it, that no terminal's trace has",
                .usage)
        }
        let policy = try policy.choose(for: arguments.scenario)
        let begin = Host.now
        let conformance = Conformance(scenario, patches: policy.patches, limit: limit)
        let (hung, oopsed) = try follow(scenario, policy, conformance)
        let report = conformance.report
        if let junit {
            var test = JUnit.Case(
                name: "\(scenario.name) under \(policy.title)", seconds: Double(Host.now - begin) / 1e9)
            test.problem = report.mismatch.map {
                JUnit.Case.Problem(
                    type: "no path", message: "step \($0.step): \($0.what)", text: $0.before.joined(separator: "\n"))
            }
            try Outputs.write(JUnit.text("zramfs conform", [test]), to: junit)
        }
        if json {
            JSON.print(report)
        } else {
            print(report, "\(scenario.name) under \(policy.title)", hung: hung, oopsed: oopsed)
        }
        if report.mismatch != nil { ExitStatus.failed.leave() }
    }

    /// - Returns: how many runs hung, and how many oopsed.
    private func follow(
        _ scenario: Scenario, _ policy: ChosenPolicy, _ conformance: Conformance
    ) throws -> (hung: Int, oopsed: Int) {
        let live = try LiveScenario(scenario, policy: policy.name)
        defer { live.end() }
        let line = ProgressLine()
        let begin = Host.now
        var hung = 0, oopsed = 0
        for number in 0..<runs {
            let outcome = try live.run(seed: seed + number, jitter: jitter)
            if outcome.isStuck { hung += 1 }
            if outcome.hasOopsed { oopsed += 1 }
            if conformance.follow(outcome.steps) != nil {
                if let trace { try Outputs.write(outcome.trace, to: trace) }
                break
            }
            let elapsed = Double(Host.now - begin) / 1e9
            if elapsed > 2 {
                let left = elapsed / Double(number + 1) * Double(runs - number - 1)
                line.show("\(number + 1) of \(runs) runs, about \(Int(left.rounded(.up))) s more")
            }
        }
        line.clear()
        return (hung, oopsed)
    }

    private func print(_ report: Conformance.Report, _ name: String, hung: Int, oopsed: Int) {
        func share(_ part: Int, _ whole: Int?) -> String {
            guard let whole, whole > 0 else { return "\(part); the graph has too many to count" }
            return "\(part) of \(whole), \(Number.text(Double(part) * 100 / Double(whole))) %"
        }
        Swift.print("\(name): \(report.traces) live runs, of which \(hung) hung, \(oopsed) oopsed")
        let kernel = report.kernelTasks > 0 ? ", \(report.kernelTasks) tasks of the kernel's" : ""
        Swift.print("paths        \(report.conforming) of \(report.traces), \(report.steps) steps\(kernel)")
        let ends = report.failures.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        Swift.print("ended in     \(ends.isEmpty ? "nothing that is wrong" : ends.joined(separator: ", "))")
        Swift.print("states       \(share(report.states, report.graphStates))")
        Swift.print("transitions  \(share(report.transitions, report.graphTransitions))")
        if let mismatch = report.mismatch {
            for step in mismatch.before { Swift.print("             \(step)") }
            Swift.print(Colour.red.paint("NO PATH      step \(mismatch.step): \(mismatch.what)"))
        }
    }
}
