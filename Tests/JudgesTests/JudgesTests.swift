import Foundation
import Judges
import Testing

/// Samples of what `make judges` does at length.
@Suite("Judges")
struct JudgesTests {
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

    @Test("a table that was written is read again") func tables() throws {
        var table = PairTable()
        for (number, cell) in Cell.all.enumerated() where number % 3 == 0 {
            table.set(cell, number % 2 == 0 ? "all: proved" : "5.15: leak; 5.16: proved")
        }
        let again = try PairTable(text: table.text)
        #expect(again.verdicts == table.verdicts && again.text == table.text)
        #expect(throws: JudgeError.self) { try PairTable(text: "== fresh\nreset ab") }
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
