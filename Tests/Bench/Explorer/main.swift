import Explorer
import Foundation
import Zram

/// The explorer's figures. `BENCH=WRITERS,ROUNDS[,reset]` explores one case alone, for spin.sh; `LIMIT` is the seconds
/// that a case may take.
let environment = ProcessInfo.processInfo.environment
let limit = environment["LIMIT"].flatMap(Double.init) ?? 10

/// So many terminals set the size (and reset) so often, against a removal of the module.
func writers(_ count: Int, rounds: Int, resets: Bool = false) throws -> Scenario {
    let round = "echo 1M > $1/zram0/disksize\(resets ? "; echo 1 > $1/zram0/reset" : "")\n"
    return try Scenario(
        name: "bench",
        scripts: [
            "writer": String(repeating: round, count: rounds), "remover": "echo zram > $1/debug/delete_module",
        ], terminals: "writer*\(count)")
}

func measure(
    _ scenario: Scenario, _ policy: String, seconds: Double = limit, reductions: Reductions = .all
) -> Outcome {
    var options = ExploreOptions()
    options.reductions = reductions
    options.threads = environment["THREADS"].flatMap(Int.init) ?? 1
    options.seconds = seconds
    options.isMinimising = false
    return explore(scenario, patches: Policy.named(policy)!.patches, options: options)
}

func resident() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    return status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        .flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }.map { $0 / 1024 } ?? 0
}

func text(_ value: Double, _ format: String) -> String { String(format: format, value) }
func left(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }

if let bench = environment["BENCH"] {
    let parts = bench.split(separator: ",").map(String.init)
    let scenario = try writers(Int(parts[0])!, rounds: Int(parts[1])!, resets: parts.count > 2)
    let outcome = measure(scenario, "5.16", seconds: .infinity)
    let c = outcome.counts
    print(
        outcome.verdicts.map(\.rawValue).joined(separator: ", "), "states", c.states, "transitions", c.transitions,
        "runs", c.runs, "steps", c.steps, "recalled", c.recalled, "seconds", c.seconds)
    exit(0)
}

print("on one core: steps of the driver's own code, replayed ones as well, and what recalling seen steps saves")
for (count, rounds) in [(2, 2), (3, 2), (4, 2)] {
    let scenario = try writers(count, rounds: rounds)
    let taken = measure(scenario, "5.16", reductions: .all.subtracting(.recalledSteps)).counts
    let c = measure(scenario, "5.16").counts
    print(
        left("  \(count) writers x \(rounds), 5.16", 24),
        text(Double(taken.steps) / taken.seconds / 1e6, "%.2f M steps/s"),
        text(Double(taken.states) / taken.seconds / 1e3, " %.0f k states/s; recalling"),
        text(Double(c.states) / c.seconds / 1e3, "%.0f k states/s,"),
        text(taken.seconds / c.seconds, "%.1f times as fast,"), taken.states == c.states ? "same states" : "DIFFERENT")
}

print("\nms of search until the first failure")
for (name, policy) in [
    ("disksize-vs-rmmod", "v8-11"), ("reset-vs-rmmod", "v8-11"), ("hot-remove-vs-disksize-reset", "v8"),
] {
    let outcome = measure(try Scenario(folder: "Fixtures/scenarios/" + name), policy)
    print(
        left("  \(name), \(policy)", 42), outcome.counts.firstFailure.map { text($0 * 1000, "%.1f") } ?? "none",
        " all", text(outcome.counts.seconds * 1000, "%.0f"))
}

print(
    "\nseconds to the proof under 5.16 (states), by writers and rounds; > is what \(text(limit, "%g")) s did not suffice for"
)
print(left("", 10), (1...4).map { left("x \($0)", 22) }.joined())
for count in 1...8 {
    var cells: [String] = []
    for rounds in 1...4 {
        if cells.last?.hasPrefix(">") == true {
            cells.append("> ")
            continue
        }
        let outcome = measure(try writers(count, rounds: rounds), "5.16")
        let mark = outcome.verdicts == [.proved] ? "" : "> "
        cells.append("\(mark)\(text(outcome.counts.seconds, "%.2f")) (\(outcome.counts.states))")
    }
    print(left("\(count) writers", 10), cells.map { left($0, 22) }.joined())
}
print("\nresident at most: \(resident()) MiB")
