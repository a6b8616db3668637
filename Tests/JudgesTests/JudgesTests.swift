import Foundation
import Explorer
import Judges
import Testing
import Zram

/// Samples of what `make judges` does at length.
@Suite("Judges")
struct JudgesTests {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures").standardizedFileURL

    @Test("generated scenarios of every driver: each reduction on and off finds the same")
    func generated() {
        var ways = Ways()
        ways.seconds = 3
        let fixed = ways
        let results = inParallel(40, threads: 2) { fixed.judge(Generator.draft(UInt64($0 + 1))) }
        let wrong = results.enumerated().compactMap { number, result in
            if case .different(let why) = result {
                "\(why)\n\(Generator.draft(UInt64(number + 1)).folder)"
            } else {
                nil
            }
        }
        // Of who opens a disk something is not noted yet: the search sees that and goes on without recalling.
        #expect(results.count { if case .gaveUp = $0 { true } else { false } } <= 2)
        // The rest takes too long, or is refused: a file that there is not.
        #expect(results.count { if case .same = $0 { true } else { false } } >= 10)
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }

    @Test("pairs and triples, a sample: nothing fails that by the kernel's source cannot")
    func pairs() throws {
        // A prime, so that all rows and tables are met.
        let cells = Array(Cell.all.enumerated().filter { $0.offset % 191 == 7 }.map(\.element))
        var options = ExploreOptions()
        options.isMinimising = false
        let fixed = options
        let wrong = inParallel(cells.count * 4, threads: 2) { place -> String? in
            let (cell, policy) = (cells[place / 4], ["5.15", "v8-11", "v8", "5.16"][place % 4])
            guard let scenario = try? cell.scenario() else { return "unreadable: \(cell)" }
            let found = explore(scenario, patches: Policy.named(policy)!.patches, options: fixed).verdicts
            return found.allSatisfy { cell.allows($0, under: policy) } ? nil : "\(scenario.name), \(policy): \(found)"
        }.compactMap { $0 }
        #expect(wrong == [])
    }

    @Test("a table that was written is read again") func tables() throws {
        var table = PairTable()
        for (number, cell) in Cell.all.enumerated() where number % 3 == 0 {
            table.set(cell, number % 2 == 0 ? "all: proved" : "5.15: leak; 5.16: proved")
        }
        let again = try PairTable(text: table.text)
        #expect(again.verdicts == table.verdicts && again.text == table.text)
        #expect(throws: JudgeError.self) { try PairTable(text: "== fresh\nreset ab") }
    }

    @Test("each fault that can be switched on is seen by something, or its row says why nothing can see it")
    func mutations() throws {
        let table = try MutationTable(
            text: String(contentsOf: Self.fixtures.appending(path: "mutations/table"), encoding: .utf8))
        let places = try MutationTable.places(in: Self.fixtures.appending(path: "../Sources").path)
        #expect(places.keys.filter { table.row($0) == nil } == [], "make mutations UPDATE=1")
        let isFault = { (name: String) in !name.hasPrefix("omit ") && !name.hasPrefix("early ") }
        #expect(table.rows.filter { isFault($0.name) && places[$0.name] == nil }.map(\.name) == [])
        #expect(table.rows.filter { $0.judge.hasPrefix("not seen") && !$0.isExplained }.map(\.name) == [])
        #expect(table.rows.count >= 80)
    }

    @Test("steps are numbered by their lines, so that names stay when lines are added") func steps() {
        let names = MutationTable.names(ofSteps: ["unlock m F.swift 9", "lock m F.swift 30", "lock m F.swift 7"])
        #expect(
            names.map(\.name) == ["early lock m F.swift #1", "omit lock m F.swift #1"]
                + ["early lock m F.swift #2", "omit lock m F.swift #2", "omit unlock m F.swift #1"])
        #expect(names.map(\.argument).first == "early lock m F.swift 7")
    }

    @Test("a failing draft is made as small as it can be") func shrinking() throws {
        for number in 1...30 as ClosedRange<UInt64> {
            let draft = Generator.draft(number)
            guard draft.folder.contains("delete_module") else { continue }
            let small = try #require(draft.shrunk { $0.folder.contains("delete_module") ? "it removes" : nil })
            #expect(small.draft.folder.split(separator: "\n").count == 3, "\(small.draft.folder)")
        }
    }
}
