import Explorer
import Foundation
import Zram

if let bench = ProcessInfo.processInfo.environment["BENCH"] {
    // WRITERS,ROUNDS,FLAG: so many terminals set the size (and reset) so often, against a removal under 5.16.
    let parts = bench.split(separator: ",").map(String.init)
    let reset = parts.count > 2 ? "; echo 1 > $1/zram0/reset" : ""
    let round = "echo 1M > $1/zram0/disksize\(reset)\n"
    let scenario = try Scenario(
        name: "bench",
        scripts: [
            "writer": String(repeating: round, count: Int(parts[1])!), "remover": "echo zram > $1/debug/delete_module",
        ], terminals: "writer*\(parts[0])")
    var options = ExploreOptions()
    options.threads = Int(ProcessInfo.processInfo.environment["THREADS"] ?? "1")!
    let outcome = explore(scenario, patches: Policy.named("5.16")!.patches, options: options)
    let c = outcome.counts
    print(
        outcome.verdicts.map(\.rawValue), "states", c.states, "transitions", c.transitions, "runs", c.runs, "steps",
        c.steps, "attempts", c.attempts, "seconds", c.seconds)
    exit(0)
}
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
