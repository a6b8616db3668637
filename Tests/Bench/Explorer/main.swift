import Explorer
import Foundation
import Zram

let folder = "Fixtures/scenarios/"
let names =
    CommandLine.arguments.count > 1
    ? [CommandLine.arguments[1]] : try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
let policies = CommandLine.arguments.count > 2 ? [Policy.named(CommandLine.arguments[2])!] : Policy.all
for name in names {
    let scenario = try Scenario(folder: folder + name)
    for policy in policies {
        var options = ExploreOptions()
        if let red = ProcessInfo.processInfo.environment["RED"] { options.reductions = Reductions(rawValue: Int(red)!) }
        if let threads = ProcessInfo.processInfo.environment["THREADS"] { options.threads = Int(threads)! }
        let outcome = explore(scenario, patches: policy.patches, options: options)
        let c = outcome.counts
        print(
            name, policy.name, outcome.verdicts.map(\.rawValue), "states", c.states, "trans", c.transitions, "runs",
            c.runs, "steps", c.steps, "finals", c.finalStates, outcome.finals, "att", c.attempts, "depth", c.depth,
            String(format: "%.3f s, %.2f M/s", c.seconds, Double(c.steps) / c.seconds / 1e6))
        for finding in outcome.findings {
            print(
                "   ", finding.failure.verdict.rawValue, finding.failure.what, finding.schedule,
                finding.preemptions ?? -1, finding.isMinimal)
        }
    }
}
