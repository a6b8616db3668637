import Explorer
import Zram

/// The matrix as a person reads it.
enum MatrixText {
    static func print(_ all: [MatrixCell], _ scenarios: [Scenario], _ policies: [Policy], seconds: Double?) {
        let rows = scenarios.map { scenario in
            policies.map { policy in
                all.first { $0.outcome.scenario == scenario.name && $0.policy == policy.name }
            }
        }
        let first = max(8, scenarios.map(\.name.count).max() ?? 0) + 2
        let widths = policies.indices.map { place in
            max(policies[place].name.count, rows.map { text($0[place]).count }.max() ?? 0) + 2
        }
        Swift.print("SCENARIO".padding(first) + zip(policies, widths).map { $0.name.padding($1) }.joined())
        for (row, scenario) in zip(rows, scenarios) {
            let cells = zip(row, widths).map { cell, width in
                guard let cell else { return "-".padding(width) }
                let plain = text(cell).padding(width)
                if !cell.isAsExpected { return Colour.yellow.paint(plain) }
                return (cell.outcome.isProved ? Colour.green : Colour.red).paint(plain)
            }
            Swift.print(scenario.name.padding(first) + cells.joined())
        }
        let states = all.reduce(0) { $0 + $1.outcome.counts.states }
        Swift.print("\n\(all.count) cells, \(states) states" + (seconds.map { ", \(Number.text($0)) s" } ?? ""))
        for (row, scenario) in zip(rows, scenarios) {
            for case let cell? in row where !cell.isAsExpected {
                let expected = cell.expected?.map(\.rawValue).joined(separator: ", ") ?? "nothing"
                Swift.print("NOT AS EXPECTED: \(scenario.name) under \(cell.policy): expected \(expected)")
            }
        }
        for (row, scenario) in zip(rows, scenarios) {
            for case let cell? in row {
                for line in cell.outcome.neverSucceeded {
                    Swift.print("\(scenario.name) under \(cell.policy): \(line)")
                }
            }
        }
        Swift.print("\nSchedules, shortest first found; zramfs replay SCHEDULE --scenario NAME --policy P shows one:")
        for (row, scenario) in zip(rows, scenarios) {
            for case let cell? in row {
                for finding in cell.outcome.findings {
                    Swift.print(
                        "  \(scenario.name.padding(first))\(cell.policy.padding(7))"
                            + "\(finding.failure.verdict.rawValue.padding(16))\(finding.schedule)"
                            + (finding.isMinimal ? "  minimal" : ""))
                }
            }
        }
    }

    private static func text(_ cell: MatrixCell?) -> String {
        guard let cell else { return "-" }
        return cell.outcome.verdicts.map(\.rawValue).joined(separator: ", ") + (cell.isAsExpected ? "" : " (!)")
    }
}
