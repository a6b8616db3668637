import Foundation
import Synchronization
import Testing
import Zram

@testable import Explorer

/// A search that is stopped and goes on, time and again, finds what one finds that was left alone.
@Suite("Resumed searches", .timeLimit(.minutes(2)))
struct ResumeTests {
    private let file = FileManager.default.temporaryDirectory.appending(path: "saved-\(UUID().uuidString)").path

    private static let cells = [("disksize-reset-vs-rmmod", "5.16"), ("hot-add-remove-vs-rmmod", "5.15")]
    private var options: ExploreOptions {
        var options = ExploreOptions()
        options.isMinimising = false
        return options
    }

    /// Explores in pieces; each is saved, read again, and checked to be of the same search.
    private func inPieces(
        _ scenario: Scenario, _ patches: Set<Patch>, threads: [Int], runs: Int
    ) throws -> (outcome: Outcome, pieces: Int) {
        var saved: SavedSearch?
        var pieces = 0
        defer { try? FileManager.default.removeItem(atPath: file) }
        while true {
            var options = options
            options.threads = threads[pieces % threads.count]
            let asked = Counter()
            var left: SavedSearch?
            // Asked after every 256 runs.
            let outcome = explore(
                scenario, patches: patches, options: options, resuming: saved,
                isInterrupted: { asked.next() >= runs }, saving: { left = $0 })
            pieces += 1
            guard let left else { return (outcome, pieces) }
            #expect(outcome.verdicts.contains(.undecided) || !outcome.findings.isEmpty)
            try left.write(to: file)
            let again = try SavedSearch(file: file)
            #expect(again.matches(scenario, patches: patches, reductions: .all))
            #expect(!again.matches(scenario, patches: patches.symmetricDifference([.zramUp]), reductions: .all))
            #expect(!again.matches(scenario, patches: patches, reductions: .none))
            #expect(again.fraction >= 0 && again.fraction <= 1.000001)
            saved = again
        }
    }

    @Test("in pieces, by one thread and by two, the end is the same", arguments: [[1], [2], [1, 3]])
    func pieces(_ threads: [Int]) throws {
        for (name, policy) in Self.cells {
            let scenario = try Fixtures.scenario(name)
            let patches = Fixtures.patches(policy)
            let whole = explore(scenario, patches: patches, options: options)
            let (outcome, pieces) = try inPieces(scenario, patches, threads: threads, runs: 1)
            #expect(pieces > 1, "\(name): \(whole.counts.runs) runs")
            #expect(outcome.verdicts == whole.verdicts && outcome.finals == whole.finals)
            if whole.isProved { #expect(Proof(outcome, of: scenario) != nil) }
        }
    }

    @Test("parts that know nothing of each other make up the whole", arguments: [2, 5])
    func parts(_ count: Int) throws {
        for (name, policy) in Self.cells {
            let scenario = try Fixtures.scenario(name)
            let patches = Fixtures.patches(policy)
            let whole = explore(scenario, patches: patches, options: options)
            var left: SavedSearch?
            _ = explore(scenario, patches: patches, options: options, isInterrupted: { true }, saving: { left = $0 })
            var next = left
            var rounds = 0
            var outcome: Outcome?
            // Until no part has anything left: each stops when it likes.
            while let start = next, rounds < 40 {
                rounds += 1
                let isOdd = rounds % 2 == 1, isEarly = rounds < 3
                let parts = try (0..<count).map { index in
                    var saved: SavedSearch?
                    let part = explore(
                        scenario, patches: patches, options: options,
                        resuming: start.part(try #require(Shard("\(index)/\(count)"))), isPart: true,
                        isInterrupted: { isOdd && index == 0 }, saving: { saved = $0 })
                    #expect(!part.isProved)
                    return try #require(saved)
                }
                let shares = try (0..<count).map { start.part(try #require(Shard("\($0)/\(count)"))).branches.count }
                #expect(shares.reduce(0, +) == start.branches.count)
                #expect(SavedSearch.merged([parts[0], left!.named("other", .all)]) == nil)
                let merged = try #require(SavedSearch.merged(parts))
                if !parts.contains(where: \.isBroken), !merged.states.keys.isEmpty {
                    #expect(Set(merged.states.keys) == parts.reduce(into: []) { $0.formUnion($1.states.keys) })
                }
                next = nil
                outcome = explore(
                    scenario, patches: patches, options: options, resuming: merged,
                    isInterrupted: { isEarly }, saving: { next = $0 })
            }
            let end = try #require(outcome)
            #expect(end.verdicts == whole.verdicts && end.finals == whole.finals, "\(name), \(rounds) rounds")
        }
    }

    @Test("what one part alone found is in the whole")
    func union() throws {
        defer { try? FileManager.default.removeItem(atPath: file) }
        let scenario = try Fixtures.scenario("disksize-reset-vs-rmmod")
        var left: SavedSearch?
        _ = explore(
            scenario, patches: Fixtures.patches("5.16"), options: options, isInterrupted: { true },
            saving: { left = $0 })
        let one = try #require(left)
        try one.write(to: file)
        // The other part is the same, but for a final state of its own.
        var data = try Data(contentsOf: URL(filePath: file))
        let place = try #require(data.range(of: Data("\"finals\":[".utf8))).upperBound
        data.insert(contentsOf: Data("12345,".utf8), at: place)
        try data.write(to: URL(filePath: file))
        let merged = try #require(SavedSearch.merged([one, SavedSearch(file: file)]))
        #expect(!one.found.finals.contains(12345) && !one.found.finals.isEmpty)
        #expect(merged.found.finals == one.found.finals.union([12345]))
    }

    /// Three terminals of three steps that open a file each: 9! / (3! 3! 3!) schedules, with no reduction.
    @Test("nothing is looked at twice or left out: without reductions each step of the tree is taken once")
    func tree() throws {
        let scenario = try Scenario(
            name: "tree",
            scripts: ["a": ": > $1/zram0/reset", "b": ": > $1/zram0/disksize", "c": ": < $1/zram0/initstate"])
        var options = options
        options.reductions = [.namedFiles]
        let whole = explore(scenario, patches: [], options: options)
        #expect(whole.counts.runs == 1680)
        for threads in [1, 3] {
            options.threads = threads
            var left: SavedSearch?
            var outcome = explore(
                scenario, patches: [], options: options, isInterrupted: { true }, saving: { left = $0 })
            // A round in pieces, and one in parts.
            for round in 0..<12 {
                guard let start = left else { break }
                left = nil
                if round % 2 == 0 {
                    outcome = explore(
                        scenario, patches: [], options: options, resuming: start, isInterrupted: { true },
                        saving: { left = $0 })
                } else {
                    let parts = try (0..<3).map { index in
                        var saved: SavedSearch?
                        _ = explore(
                            scenario, patches: [], options: options,
                            resuming: start.part(try #require(Shard("\(index)/3"))), isPart: true,
                            isInterrupted: { index < 2 }, saving: { saved = $0 })
                        return try #require(saved)
                    }
                    let merged = try #require(SavedSearch.merged(parts))
                    outcome = explore(
                        scenario, patches: [], options: options, resuming: merged, isInterrupted: { round < 8 },
                        saving: { left = $0 })
                }
            }
            #expect(left == nil && outcome.isProved)
            #expect(outcome.counts.transitions == whole.counts.transitions, "\(threads) threads")
            #expect(outcome.finals == whole.finals)
        }
    }

    @Test("a file that is none is refused")
    func unreadable() throws {
        defer { try? FileManager.default.removeItem(atPath: file) }
        for text in ["", "{}\n", "{\"format\": \"zramfs saved search 1\"}\n", "\n\n"] {
            try text.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(throws: SavedSearch.Unreadable.self) { try SavedSearch(file: file) }
        }
        let scenario = try Fixtures.scenario("disksize-reset-vs-rmmod")
        var left: SavedSearch?
        _ = explore(scenario, patches: [], isInterrupted: { true }, saving: { left = $0 })
        try #require(left).write(to: file)
        let whole = try Data(contentsOf: URL(filePath: file))
        for length in [whole.count - 8, whole.count - 1, whole.count / 2, 10] {
            try whole.prefix(length).write(to: URL(filePath: file))
            #expect(throws: SavedSearch.Unreadable.self) { try SavedSearch(file: file) }
        }
    }
}
