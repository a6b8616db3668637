import Foundation
import Testing
import Zram

@testable import Explorer

@Suite("Proofs", .timeLimit(.minutes(3)))
struct ProofTests {
    private let scenario: Scenario
    private let proof: Proof
    private let data: Data

    init() throws {
        scenario = try Scenario(
            name: "small",
            scripts: ["w": "echo 1M > $1/zram0/disksize", "r": ": < $1/zram0/initstate"])
        let outcome = explore(scenario, patches: Fixtures.patches("5.16"))
        proof = try #require(Proof(outcome, of: scenario))
        data = try proof.data()
    }

    @Test("holds, and says how far it was checked")
    func holds() throws {
        #expect(try Proof(data: data) == proof)
        let verification = proof.verify(seconds: 20)
        #expect(verification.result == .holds)
        #expect(verification.walks.count == 1 + SecondWalk.Kind.allCases.count)
        #expect(verification.walks[1].hasPrefix("all ") && verification.walks[1].contains("64-bit fingerprints"))
        #expect(verification.walks[2].contains("all that each task ever saw"))
        #expect(Proof(explore(try Fixtures.scenario("disksize-vs-rmmod"), patches: []), of: scenario) == nil)
    }

    @Test("no time: nothing is said of it")
    func late() { #expect(proof.verify(seconds: 1e-9).result == .unfinished) }

    /// Each field as somebody could change it, by name.
    private let edits: [(field: String, value: Any)] = [
        ("format", "zramfs proof 4"), ("program", String(repeating: "0", count: 32)), ("policy", "v8"),
        ("patches", ["zram-up"]), ("patches", ["nosuch"]), ("digest", "0123456789abcdef"), ("finals", "abc"),
        ("isRepeatable", false), ("reductions", ["nosuch"]), ("reductions", ["symmetry", "fingerprints"]),
        ("note", "holds for ever"), ("counts", ["states": 1]), ("scenario", ["name": "other"]), ("extra", 1),
    ]

    @Test("a field that was edited is named")
    func edited() throws {
        for edit in edits {
            var fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            if edit.field == "scenario" || edit.field == "counts" {
                var inner = fields[edit.field] as? [String: Any] ?? [:]
                for (name, value) in edit.value as? [String: Any] ?? [:] { inner[name] = value }
                fields[edit.field] = inner
            } else {
                fields[edit.field] = edit.value
            }
            let file = try JSONSerialization.data(withJSONObject: fields)
            #expect(throws: Proof.Unreadable.edited(edit.field)) { try Proof(data: file) }
        }
    }

    /// The proof with a field that somebody edited, and checksums that are right.
    private func forged(_ edit: (inout [String: Any]) -> Void) throws -> Proof {
        var fields = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(proof)) as? [String: Any])
        edit(&fields)
        let forged = try JSONDecoder().decode(Proof.self, from: JSONSerialization.data(withJSONObject: fields))
        return try Proof(data: forged.data())
    }

    @Test("with checksums that are right, too, what a field says is derived anew")
    func forgeries() throws {
        func fails(_ field: String, _ edit: (inout [String: Any]) -> Void) throws {
            guard case .fails(let why) = try forged(edit).verify(seconds: 20).result else {
                Issue.record("\(field) was taken for true")
                return
            }
            #expect(why.hasPrefix(field), "\(why)")
        }
        func set(_ object: String, _ name: String, _ value: Any) -> (inout [String: Any]) -> Void {
            { fields in
                var inner = fields[object] as? [String: Any] ?? [:]
                inner[name] = value
                fields[object] = inner
            }
        }
        for name in ["states", "transitions", "finalStates", "runs", "steps", "depth"] {
            try fails("counts", set("counts", name, 7))
        }
        try fails("program") { $0["program"] = String(repeating: "0", count: 32) }
        try fails("policy") { $0["policy"] = "v8" }
        try fails("patches") { $0["patches"] = ["nosuch"] }
        try fails("digest") { $0["digest"] = "0123456789abcdef" }
        try fails("finals") { $0["finals"] = "abc" }
        try fails("reductions") { $0["reductions"] = ["nosuch"] }
        try fails("digest", set("scenario", "refused", ["EBUSY"]))
        try fails("digest", set("scenario", "setup", "echo 1M > $1/zram0/disksize"))
        try fails("scenario", set("scenario", "terminals", [] as [Any]))
        try fails("scenario", set("scenario", "terminals", [["name": "a*b", "script": "true"]]))
        try fails("scenario", set("scenario", "machine", "ram=1G"))
    }

    @Test(
        "what is no proof is refused in a line",
        arguments: [
            "", "{}", "[]", "1", "\"x\"", "null", "{\"format\": 1}",
            "{\"format\": \"zramfs proof 1\", \"scripts\": [[\"a\"]]}",
            "{\"format\": \"zramfs proof 3\", \"checks\": {}}", "{\"format\": \"zramfs proof 3\", \"checks\": []}",
            String(repeating: "[", count: 100_000), "\u{0}\u{0}", "{\"checks\": {\"format\": \"\"}}",
        ])
    func foreign(_ text: String) throws {
        #expect(throws: Proof.Unreadable.self) { try Proof(data: Data(text.utf8)) }
    }

    @Test("each bit that is flipped in its file is seen, unless the file says the same")
    func flipped() throws {
        for place in stride(from: 0, to: data.count, by: max(1, data.count / 500)) {
            var wrong = data
            wrong[place] ^= 1 << UInt8(place % 7)
            // Of two equal keys the reader takes one; blanks between fields say nothing.
            if let read = try? Proof(data: wrong) { #expect(read == proof, "byte \(place)") }
        }
    }

    @Test("a failure that the proof denies is found by the walk that goes by what tasks saw")
    func found() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        for kind in [SecondWalk.Kind.states, .histories, .orders] {
            let walk = SecondWalk(scenario, Fixtures.patches("v8-11"), kind, limit: 1_000_000, seconds: 60)
            guard case .failure(let failure, let schedule) = walk.walk() else {
                Issue.record("\(kind) found nothing")
                continue
            }
            #expect(failure.verdict == .deadlock)
            #expect(
                try replay(schedule, scenario: scenario, patches: Fixtures.patches("v8-11")).failure?.verdict
                    == .deadlock)
        }
    }

    /// Two terminals of three steps each that do nothing to each other: 6! / (3! 3!) schedules.
    @Test("every schedule is walked, where there are few")
    func schedules() throws {
        let tiny = try Scenario(name: "tiny", scripts: ["a": ": > $1/zram0/reset", "b": ": > $1/zram0/disksize"])
        let walk = SecondWalk(tiny, [], .schedules, limit: 1_000_000, seconds: 60)
        guard case .complete(let what) = walk.walk() else {
            Issue.record("it did not end")
            return
        }
        var options = ExploreOptions()
        options.reductions = []
        #expect(
            what.contains(
                "every schedule walked, \(explore(tiny, patches: [], options: options).counts.runs) schedules"))
    }
}
