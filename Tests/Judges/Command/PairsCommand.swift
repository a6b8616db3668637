import ArgumentParser
import Explorer
import Zram
import Foundation
import Judges

/// Explores all pairs and triples, and compares them with the table.
struct PairsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pairs",
        abstract: "Explore all pairs of operations, alone and beside each removal, under every policy.")

    @Argument(help: "The table that the verdicts are compared with.") var table: String
    @Option(help: "Cells at once.") var threads = 2
    @Option(help: "Look at every so-manyth cell.") var every = 1
    @Option(help: "Seconds that one exploration may take.") var seconds = 60.0
    @Flag(help: "Write what is found to the table; reasons stay.") var update = false

    func run() throws {
        let known = try (try? String(contentsOfFile: table, encoding: .utf8)).map { try PairTable(text: $0) }
        let cells = Array(Cell.all.enumerated().filter { $0.offset % every == 0 }.map(\.element))
        let clock = ContinuousClock()
        let start = clock.now
        let progress = Progress(total: cells.count)
        let seconds = seconds
        let found = inParallel(cells.count, threads: threads) { place in
            defer { progress.step() }
            return Result { try cells[place].verdicts(seconds: seconds) }
        }
        var table = PairTable()
        for (cell, result) in zip(cells, found) { table.set(cell, try result.get()) }
        if let known { table.explain(by: known) }
        print("\(cells.count) scenarios, \(cells.count * Policy.all.count) explorations, \(clock.now - start)")
        let differences = known.map { table.differences(from: $0) } ?? []
        for difference in differences.prefix(40) { print(difference) }
        if differences.count > 40 { print("and \(differences.count - 40) more") }
        if update { try table.text.write(toFile: self.table, atomically: true, encoding: .utf8) }
        for verdicts in table.unexplained { print("nobody has said why: \(verdicts)") }
        if !update, !differences.isEmpty || !table.unexplained.isEmpty { throw ExitCode.failure }
    }
}
