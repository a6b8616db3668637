import ArgumentParser
import Explorer
import KernelCore
import Synchronization
import Zram

/// `zramfs matrix`: scenarios against policies.
struct MatrixCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix", abstract: "Scenario x policy: proved, or what goes wrong, with a schedule.",
        discussion: """
            Examples:
              zramfs matrix
              zramfs matrix reset-vs-rmmod two-removers --policy 5.16
              zramfs matrix --all-patches disksize-vs-rmmod   # which sets of patches suffice?

            Exit status: 0 every cell is what its scenario expects; 1 one is not; 2 wrong arguments.
            """)

    @Argument(help: "Scenarios; without any, all of ours.") var scenarios: [String] = []
    @Option(help: "Policies, joined by commas; all without it.") var policy: String?
    @Flag(help: "All subsets of the patches instead; the minimal ones that suffice are marked.") var allPatches = false
    @Option(help: "Threads.") var threads = Host.cores
    @Flag(help: "For programs.") var json = false

    func run() throws {
        let names = scenarios.isEmpty ? ScenarioFolder.names(in: nil) : scenarios
        guard !names.isEmpty else { throw Failure("no scenarios here; name a folder", .usage) }
        let loaded = try names.map(ScenarioFolder.load)
        if allPatches { return try subsets(loaded) }
        let policies = try chosen()
        let progress = ProgressLine()
        let done = Counter()
        let total = loaded.count * policies.count
        let clock = KernelClock()
        let rows = matrix(loaded, policies: policies, threads: max(1, threads)) { _ in
            progress.show("\(done.next()) of \(total) cells")
        }
        progress.clear()
        if json {
            JSON.print(rows)
        } else {
            MatrixText.print(rows, loaded, policies, seconds: Double(clock.now) / 1e9)
        }
        if rows.contains(where: { $0.contains { !$0.isAsExpected } }) { ExitStatus.failed.leave() }
    }

    private func chosen() throws -> [Policy] {
        guard let policy else { return Policy.all }
        return try policy.split(separator: ",").map { name in
            guard let found = Policy.named(String(name)) else {
                throw Failure("--policy \(name): known are \(Policy.all.map(\.name).joined(separator: " "))", .usage)
            }
            return found
        }
    }

    private func subsets(_ scenarios: [Scenario]) throws {
        for scenario in scenarios {
            let progress = ProgressLine()
            let sets = minimalPatchSets(scenario, threads: max(1, threads)) {
                progress.show("\($0) of \($1) sets of patches")
            }
            progress.clear()
            if json {
                JSON.print(sets)
                continue
            }
            let sufficient = sets.filter { $0.verdicts == [.proved] }
            print("\(scenario.name): \(sufficient.count) of \(sets.count) sets of patches suffice; the minimal ones:")
            for set in sufficient where set.isMinimal {
                print(
                    "  "
                        + Colour.green.paint(
                            set.patches.isEmpty ? "none is needed" : set.patches.joined(separator: " + ")))
            }
            if sufficient.isEmpty { print("  " + Colour.red.paint("none does")) }
        }
    }
}

/// Counts from several threads.
final class Counter: Sendable {
    private let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

/// The matrix as a person reads it.
enum MatrixText {
    static func print(_ rows: [[MatrixCell]], _ scenarios: [Scenario], _ policies: [Policy], seconds: Double) {
        let first = max(8, scenarios.map(\.name.count).max() ?? 0) + 2
        let widths = policies.indices.map { place in
            max(policies[place].name.count, rows.map { text($0[place]).count }.max() ?? 0) + 2
        }
        Swift.print("SCENARIO".padding(first) + zip(policies, widths).map { $0.name.padding($1) }.joined())
        for (row, scenario) in zip(rows, scenarios) {
            let cells = zip(row, widths).map { cell, width in
                let plain = text(cell).padding(width)
                if !cell.isAsExpected { return Colour.yellow.paint(plain) }
                return (cell.outcome.isProved ? Colour.green : Colour.red).paint(plain)
            }
            Swift.print(scenario.name.padding(first) + cells.joined())
        }
        let all = rows.flatMap { $0 }
        let states = all.reduce(0) { $0 + $1.outcome.counts.states }
        Swift.print("\n\(all.count) cells, \(states) states, \(Number.text(seconds)) s")
        for (row, scenario) in zip(rows, scenarios) {
            for cell in row where !cell.isAsExpected {
                let expected = cell.expected?.map(\.rawValue).joined(separator: ", ") ?? "nothing"
                Swift.print("NOT AS EXPECTED: \(scenario.name) under \(cell.policy): expected \(expected)")
            }
        }
        Swift.print("\nSchedules, shortest first found; zramfs replay SCHEDULE --scenario NAME --policy P shows one:")
        for (row, scenario) in zip(rows, scenarios) {
            for cell in row {
                for finding in cell.outcome.findings {
                    Swift.print(
                        "  \(scenario.name.padding(first))\(cell.policy.padding(7))"
                            + "\(finding.failure.verdict.rawValue.padding(16))\(finding.schedule)"
                            + (finding.isMinimal ? "  minimal" : ""))
                }
            }
        }
    }

    private static func text(_ cell: MatrixCell) -> String {
        cell.outcome.verdicts.map(\.rawValue).joined(separator: ", ") + (cell.isAsExpected ? "" : " (!)")
    }
}
