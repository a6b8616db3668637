import Foundation
import Testing
import Zram

@testable import Explorer

/// What somebody does to the file of a saved search is seen; it is never gone on from, and never crashes.
@Suite("Files of saved searches", .timeLimit(.minutes(2)))
struct SavedFileTests {
    private let scenario: Scenario
    private let saved: SavedSearch
    private let data: Data

    init() throws {
        scenario = try Fixtures.scenario("disksize-reset-vs-rmmod")
        var left: SavedSearch?
        _ = explore(scenario, patches: [], isInterrupted: { true }, saving: { left = $0 })
        saved = try #require(left)
        data = try saved.data()
    }

    @Test("each bit that is flipped, and each length but its own")
    func damaged() throws {
        #expect(try SavedSearch(data: data).branches.count == saved.branches.count)
        let step = max(1, data.count / 1000)
        for place in stride(from: 0, to: data.count, by: step) {
            var wrong = data
            wrong[place] ^= 1 << UInt8(place & 7)
            #expect(throws: SavedSearch.Unreadable.self, "byte \(place)") { try SavedSearch(data: wrong) }
        }
        for length in stride(from: 0, to: data.count, by: step) {
            #expect(throws: SavedSearch.Unreadable.self, "\(length)") { try SavedSearch(data: data.prefix(length)) }
        }
        #expect(throws: SavedSearch.Unreadable.cut) { try SavedSearch(data: data + Data([0])) }
    }

    /// The file with a header that somebody edited, and the checksum of that.
    private func edited(_ edit: (inout [String: Any]) -> Void) throws -> Data {
        let start = "zramfs saved search 3\n".utf8.count
        let lengths = data[start...].withUnsafeBytes { bytes in
            (0..<2).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        let text = data[(start + 16)..<(start + 16 + lengths[0])]
        var header = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
        edit(&header)
        let words = data[(start + 16 + lengths[0])...].withUnsafeBytes { bytes in
            (0..<lengths[1]).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        }
        return SavedSearch.file(try JSONSerialization.data(withJSONObject: header), words)
    }

    @Test("work that was taken away, though the checksum is right")
    func emptied() throws {
        // The tool itself changes nothing.
        #expect(try SavedSearch(data: edited { _ in }).mismatch(scenario, patches: [], reductions: .all) == nil)
        let wrong = try [
            edited { $0["branches"] = [] },
            edited {
                $0["branches"] = []
                $0["unfinished"] = 0
            },
            edited { $0["branches"] = Array(($0["branches"] as? [Any] ?? []).dropLast()) },
            edited { $0["fraction"] = 1 }, edited { $0["fraction"] = 1e300 }, edited { $0["whole"] = -1 },
            edited { $0["states"] = -1 }, edited { $0["states"] = 1 << 40 },
            edited { $0["counts"] = [:] as [String: Any] },
            edited { header in
                var counts = header["counts"] as? [String: Any] ?? [:]
                counts["steps"] = Int.max
                header["counts"] = counts
            },
            edited { $0["origin"] = [["search": 1, "index": 5, "count": 0]] }, edited { $0["table"] = "x" },
        ]
        for (place, file) in wrong.enumerated() {
            #expect(throws: SavedSearch.Unreadable.self, "\(place)") { try SavedSearch(data: file) }
        }
    }

    @Test("steps that no task can take")
    func impossible() throws {
        func changing(_ path: [Int]) throws -> String? {
            let file = try edited { header in
                guard var branches = header["branches"] as? [[String: Any]] else { return }
                branches[0]["path"] = path
                header["branches"] = branches
            }
            return try SavedSearch(data: file).mismatch(scenario, patches: [], reductions: .all)
        }
        #expect(try changing([]) == nil)
        for path in [[200], Array(repeating: 0, count: 5000), [0, 1, 255]] {
            #expect(try changing(path) == "a branch cannot be replayed")
        }
    }

    @Test("another program, scenario, setup, machine, refused errno, policy or reduction is named")
    func others() throws {
        func why(_ other: Scenario, _ patches: Set<Patch> = [], _ reductions: Reductions = .all) throws -> String {
            try #require(saved.mismatch(other, patches: patches, reductions: reductions))
        }
        #expect(saved.matches(scenario, patches: [], reductions: .all))
        #expect(try why(scenario, [.zramUp]).contains("patches"))
        #expect(try why(scenario, [], .none).contains("reductions"))
        let text = ScenarioText(scenario)
        func variant(
            name: String? = nil, setup: String? = nil, machine: String = "", refused: String = "", suffix: String = ""
        ) throws -> Scenario {
            var scripts = Dictionary(
                text.terminals.map { ($0.name, $0.script + suffix) }, uniquingKeysWith: { one, _ in one })
            scripts["setup"] = setup ?? text.setup
            return try Scenario(
                name: name ?? text.name, scripts: scripts, refused: refused, machine: machine)
        }
        #expect(saved.matches(try variant(), patches: [], reductions: .all))
        #expect(try why(variant(name: "other")).contains("another scenario"))
        #expect(try why(variant(setup: "true")).contains("setup.sh"))
        #expect(try why(variant(machine: "cpus=3")).contains("machine"))
        #expect(try why(variant(refused: "EBUSY")).contains("refused"))
        #expect(try why(variant(suffix: "\n# a comment\n")).contains(".sh"))
        let file = try edited { header in
            var identity = header["identity"] as? [String: Any] ?? [:]
            identity["program"] = String(repeating: "0", count: 32)
            header["identity"] = identity
        }
        let foreign = try SavedSearch(data: file).mismatch(scenario, patches: [], reductions: .all)
        #expect(foreign?.contains("another build") == true)
    }

    @Test("a search that left out what was too deep proves nothing when it goes on")
    func deep() throws {
        let file = try edited { $0["hasLost"] = true }
        let outcome = explore(scenario, patches: Fixtures.patches("5.16"), resuming: try SavedSearch(data: file))
        #expect(!outcome.isProved)
    }
}
