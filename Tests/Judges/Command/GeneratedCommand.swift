import ArgumentParser
import Explorer
import Foundation
import Judges

/// Explores scenarios drawn by lot in every way, and shrinks those on which two ways do not agree.
struct GeneratedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generated",
        abstract: "Explore scenarios drawn by lot with each reduction on and off: all must find the same.")

    @Option(help: "How many.") var count = 1000
    @Option(help: "The number of the first.") var first: UInt64 = 1
    @Option(help: "Scenarios at once.") var threads = 2
    @Option(help: "Seconds that one exploration may take; longer ones are left out.") var seconds = 5.0
    @Option(help: "Seconds after which no scenario is begun.") var limit = Double.infinity
    @Flag(help: "Print each scenario, and what was found.") var verbose = false

    func run() throws {
        var ways = Ways()
        ways.seconds = seconds
        let clock = ContinuousClock()
        let start = clock.now
        let progress = Progress(total: count)
        let (first, limit, fixed, isVerbose) = (first, limit, ways, verbose)
        let results = inParallel(count, threads: threads) { place -> Ways.Result? in
            defer { progress.step() }
            guard clock.now - start < .seconds(min(limit, 1e9)) else { return nil }
            let draft = Generator.draft(first + UInt64(place))
            let result = fixed.judge(draft)
            if isVerbose { print("\(draft.name): \(result)\n\(draft.folder)") }
            if case .different(let why) = result { Self.report(draft, why, fixed) }
            return result
        }.compactMap { $0 }
        var explorations = 0
        var counts: [String: Int] = [:]
        var failed = 0
        for result in results {
            switch result {
            case .same(let count, let verdicts):
                explorations += count
                counts[verdicts.map(\.rawValue).joined(separator: ", "), default: 0] += 1
            case .gaveUp(let why):
                counts["gave up recalling", default: 0] += 1
                if isVerbose { print(why) }
            case .different: failed += 1
            case .tooLarge: counts["took too long", default: 0] += 1
            case .unreadable(let why): counts["refused: \(why)", default: 0] += 1
            }
        }
        for (what, count) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) { print(count, what) }
        print("\(results.count) scenarios, \(explorations) explorations, \(clock.now - start), \(failed) differ")
        if failed > 0 { throw ExitCode.failure }
    }

    /// Prints it at once, as small as it can be: a sweep takes long.
    private static func report(_ draft: Draft, _ why: String, _ ways: Ways) {
        let small = draft.shrunk { if case .different(let why) = ways.judge($0) { why } else { nil } }
        print("\n\(draft.name): \(small?.why ?? why + ", but only now and then")\n\((small?.draft ?? draft).folder)")
    }
}
