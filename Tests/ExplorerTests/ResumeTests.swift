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
            // No work is lost: what is done and what is left make up the whole.
            #expect(abs(again.balance - 1) < 1e-6)
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
                        resuming: start.part(try #require(Shard("\(index)/\(count)"))),
                        isInterrupted: { isOdd && index == 0 }, saving: { saved = $0 })
                    #expect(!part.isProved)
                    return try #require(saved)
                }
                let shares = try (0..<count).map { start.part(try #require(Shard("\($0)/\(count)"))).branches.count }
                #expect(shares.reduce(0, +) == start.branches.count)
                #expect(SavedSearch.merged([parts[0], left!.named(SearchIdentity(scenario, [.zramUp], .all))]) == nil)
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
        let whole = try #require(left)
        let one = whole.part(try #require(Shard("0/2")))
        // The other part is the same, but for a final state of its own.
        var other = whole.part(try #require(Shard("1/2")))
        other.found.finals.insert(12345)
        try other.write(to: file)
        let merged = try #require(SavedSearch.merged([one, SavedSearch(file: file)]))
        #expect(!one.found.finals.contains(12345) && !one.found.finals.isEmpty)
        #expect(merged.found.finals == one.found.finals.union([12345]))
    }

    @Test("a part alone, one twice, or one of another search is not the whole")
    func missing() throws {
        let scenario = try Fixtures.scenario("disksize-reset-vs-rmmod")
        let patches = Fixtures.patches("5.16")
        func stopped(_ saved: SavedSearch? = nil, runs: Int = 0) throws -> SavedSearch {
            let asked = Counter()
            var left: SavedSearch?
            _ = explore(
                scenario, patches: patches, options: options, resuming: saved, isInterrupted: { asked.next() > runs },
                saving: { left = $0 })
            return try #require(left)
        }
        let start = try stopped()
        let parts = try (0..<3).map { try stopped(start.part(try #require(Shard("\($0)/3"))), runs: .max) }
        #expect(SavedSearch.merged(parts)?.isPart == false && SavedSearch.merged(parts.reversed()) != nil)
        for some in [[], [parts[0]], Array(parts[1...]), [parts[0], parts[1], parts[1]], parts + [parts[0]], [start]] {
            #expect(SavedSearch.merged(some) == nil)
        }
        #expect(SavedSearch.merged([parts[0], parts[1], try stopped(start).part(try #require(Shard("2/3")))]) == nil)
        // One that goes on by itself has nothing left, and proves nothing.
        try parts[0].write(to: file)
        defer { try? FileManager.default.removeItem(atPath: file) }
        var again: SavedSearch?
        let outcome = explore(
            scenario, patches: patches, options: options, resuming: try SavedSearch(file: file), saving: { again = $0 })
        #expect(outcome.verdicts == [.undecided] && again?.branches.isEmpty == true)
        // A part of a part.
        let inner = try (0..<2).map { try stopped(parts[0].part(try #require(Shard("\($0)/2"))), runs: .max) }
        #expect(SavedSearch.merged(inner)?.origin == parts[0].origin && SavedSearch.merged(inner + parts[1...]) == nil)
    }

    @Test("parts that tell each other what they have seen look at little twice")
    func exchange() throws {
        let scenario = try Scenario(
            name: "w", scripts: ["w": "echo 1M > $1/zram0/disksize", "r": "echo zram > $1/debug/delete_module"],
            terminals: "w*3")
        let patches = Fixtures.patches("5.16")
        let whole = explore(scenario, patches: patches, options: options)
        var left: SavedSearch?
        let asked = Counter()
        _ = explore(
            scenario, patches: patches, options: options, isInterrupted: { asked.next() > 1 }, saving: { left = $0 })
        let start = try #require(left)
        let folder = file + ".seen"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func part(_ index: Int, sharing: Bool) throws -> SavedSearch {
            let part = start.part(try #require(Shard("\(index)/3")))
            let exchange = sharing ? try StateExchange(folder: folder, part: part) : nil
            var saved: SavedSearch?
            _ = explore(
                scenario, patches: patches, options: options, resuming: part, exchange: exchange, saving: { saved = $0 }
            )
            // By way of a file.
            try #require(saved).write(to: file)
            defer { try? FileManager.default.removeItem(atPath: file) }
            return try SavedSearch(file: file)
        }
        func finish(_ parts: [SavedSearch]) throws -> Outcome {
            let merged = try #require(SavedSearch.merged(parts))
            return explore(scenario, patches: patches, options: options, resuming: merged)
        }
        let apart = try finish(try (0..<3).map { try part($0, sharing: false) })
        let parts = try (0..<3).map { try part($0, sharing: true) }
        let together = try finish(parts)
        for outcome in [apart, together] {
            #expect(outcome.verdicts == whole.verdicts && outcome.finals == whole.finals)
            #expect(outcome.counts.states == whole.counts.states)
        }
        #expect(together.counts.transitions == whole.counts.transitions)
        #expect(apart.counts.transitions > whole.counts.transitions)
        // What the second part took over is in no run but the first's.
        #expect(try SavedSearch.merged([part(0, sharing: false), parts[1], parts[2]]) == nil)
        #expect(try StateExchange(folder: folder, part: start) == nil)
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
                            resuming: start.part(try #require(Shard("\(index)/3"))),
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
        for text in [
            "", "{}\n", "zramfs saved search 2\n", "zramfs saved search 3\n", "zramfs saved search 3\n{}",
            "{\"format\": \"zramfs saved search 1\"}\n", "\n\n",
        ] {
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
