import Testing
import Zram

@testable import Explorer

@Suite("Empty proofs")
struct EmptyTests {
    private static let remover = "echo zram > $1/debug/delete_module"

    private func look(_ scenario: Scenario, _ policy: String, _ reductions: Reductions = .all) -> Outcome {
        var options = ExploreOptions()
        options.reductions = reductions
        return explore(scenario, patches: Fixtures.patches(policy), options: options)
    }

    @Test("a command that never succeeds is named, and nothing is proved") func named() throws {
        let scripts = ["a": "true\necho 1 > $1/zram7/reset", "b": "cat $1/zram0/initstate; cat $1/zram1/initstate"]
        let scenario = try Scenario(name: "s", scripts: scripts)
        for reductions in [Reductions.all, .all.subtracting(.recalledSteps), [.fingerprints]] {
            let outcome = look(scenario, "5.16", reductions)
            #expect(outcome.verdicts == [.empty] && !outcome.isProved)
            #expect(
                outcome.neverSucceeded
                    == ["a.sh:2 never succeeded: ENOENT", "b.sh:1 (cat) never succeeded: ENOENT"])
            #expect(Proof(outcome, of: scenario) == nil)
        }
        let said = try Scenario(
            name: "s", scripts: scripts, expected: "a.sh:2: ENOENT\nb.sh:1: ENOENT, ENODEV\n5.16: proved")
        #expect(look(said, "5.16").isProved && look(said, "5.16").neverSucceeded.isEmpty)
        let other = try Scenario(name: "s", scripts: scripts, expected: "a.sh:2: EBUSY\nb.sh:1: ENOENT")
        #expect(look(other, "5.16").neverSucceeded == ["a.sh:2 never succeeded: ENOENT"])
    }

    @Test("one that succeeds in some schedule is not") func sometimes() throws {
        let scenario = try Scenario(
            name: "s", scripts: ["a": "cat $1/zram1/initstate", "b": "cat $1/zram-control/hot_add", "c": Self.remover])
        for reductions in [Reductions.all, .all.subtracting(.recalledSteps), [.fingerprints, .namedFiles]] {
            #expect(look(scenario, "5.16", reductions).isProved)
        }
        // Terminals that run the same script are one.
        let twice = try Scenario(name: "s", scripts: ["a": Self.remover], terminals: "a*2")
        #expect(look(twice, "5.16").isProved)
    }

    @Test("errors beside it are found all the same, and stay the verdict") func beside() throws {
        let scenario = try Scenario(
            name: "s", scripts: ["a": "cat $1/zram1/initstate", "b": "echo 1 > $1/zram0/reset", "c": Self.remover])
        let outcome = look(scenario, "v8-11")
        #expect(outcome.verdicts == [.deadlock] && outcome.neverSucceeded == ["a.sh:1 never succeeded: ENOENT"])
    }

    @Test("a search that goes on remembers what succeeded before") func resumed() throws {
        let scenario = try Fixtures.scenario("disksize-reset-vs-rmmod")
        let whole = look(scenario, "5.16")
        var options = ExploreOptions()
        options.isMinimising = false
        var saved: SavedSearch?
        nonisolated(unsafe) var left = 1
        _ = explore(
            scenario, patches: Fixtures.patches("5.16"), options: options,
            isInterrupted: {
                left -= 1
                return left < 0
            }, saving: { saved = $0 })
        let search = try #require(saved)
        #expect(!search.found.ended.isEmpty)
        let resumed = explore(scenario, patches: Fixtures.patches("5.16"), options: options, resuming: search)
        #expect(resumed.verdicts == whole.verdicts && resumed.neverSucceeded == whole.neverSucceeded)
    }
}
