import Foundation
import Judges
import Testing

/// Samples of what `make judges` does at length.
@Suite("Judges")
struct JudgesTests {
    static let table = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/pairs/table").standardizedFileURL

    @Test("generated scenarios of every driver: each reduction on and off finds the same")
    func generated() {
        var ways = Ways()
        ways.seconds = 1
        let fixed = ways
        let wrong = inParallel(40, threads: 2) { place -> String? in
            let draft = Generator.draft(UInt64(place + 1))
            switch fixed.judge(draft) {
            case .same, .tooLarge: return nil
            case .different(let why), .unreadable(let why): return "\(why)\n\(draft.folder)"
            }
        }.compactMap { $0 }
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }

    @Test("pairs and triples: a sample finds what the table says")
    func pairs() throws {
        let known = try PairTable(text: try String(contentsOf: Self.table, encoding: .utf8))
        #expect(known.unexplained == [])
        // A prime, so that every row and every table is met.
        let cells = Array(Cell.all.enumerated().filter { $0.offset % 89 == 5 }.map(\.element))
        let found = inParallel(cells.count, threads: 2) { try? cells[$0].verdicts() }
        var table = PairTable()
        for (cell, verdicts) in zip(cells, found) { table.set(cell, try #require(verdicts)) }
        #expect(table.differences(from: known) == [])
        #expect(cells.allSatisfy { known.verdicts[$0] != nil })
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

    @Test("a failing draft is made as small as it can be") func shrinking() throws {
        for number in 1...30 as ClosedRange<UInt64> {
            let draft = Generator.draft(number)
            guard draft.folder.contains("delete_module") else { continue }
            let small = try #require(draft.shrunk { $0.folder.contains("delete_module") ? "it removes" : nil })
            #expect(small.draft.folder.split(separator: "\n").count == 3, "\(small.draft.folder)")
        }
    }
}
