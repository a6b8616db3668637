import Foundation
import Testing
import Zram

@testable import Explorer

@Suite("Schedules")
struct ScheduleTests {
    @Test("a found schedule is short, minimal, and ends the same every time")
    func replays() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let outcome = explore(scenario, patches: Fixtures.patches("v8-11"))
        let finding = try #require(outcome.findings.first)
        #expect(finding.isMinimal && finding.preemptions == 1)
        #expect(finding.schedule.description.count <= 80)
        #expect(Schedule(finding.schedule.description) == finding.schedule)
        var ends: Set<UInt64> = []
        for _ in 0..<1000 {
            let replayed = try replay(finding.schedule, scenario: scenario, patches: Fixtures.patches("v8-11"))
            #expect(replayed.failure?.verdict == .deadlock)
            ends.insert(replayed.end)
        }
        #expect(ends.count == 1)
    }

    @Test("a minimal schedule is minimal: none with fewer preemptions or steps fails")
    func minimal() throws {
        let scenario = try Fixtures.scenario("reset-vs-rmmod")
        let outcome = explore(scenario, patches: [])
        let graph = StateGraph(Setting(scenario, []), limit: 100_000, isThrough: true)
        // Breadth first over the plain graph: steps alone; the minimal schedule cannot have fewer.
        var distance = [0: 0]
        var queue = [0]
        var nearest: [Verdict: Int] = [:]
        while !queue.isEmpty {
            let here = queue.removeFirst()
            for failure in graph.nodes[here].failures {
                nearest[failure.verdict] = nearest[failure.verdict] ?? distance[here]!
            }
            for edge in graph.nodes[here].edges where distance[Int(edge.to)] == nil {
                distance[Int(edge.to)] = distance[here]! + 1
                queue.append(Int(edge.to))
            }
        }
        for finding in outcome.findings {
            #expect(finding.isMinimal)
            #expect(finding.schedule.path.count >= nearest[finding.failure.verdict]!)
        }
        #expect(Set(nearest.keys) == Set(outcome.verdicts))
    }

    @Test("a schedule of other patches is refused as stale")
    func stale() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let schedule = try #require(explore(scenario, patches: [.zramUp]).findings.first).schedule
        #expect(throws: ScheduleError.self) { try replay(schedule, scenario: scenario, patches: []) }
    }

    @Test("the emitted script holds the writer, lets the remover go, and says what is expected")
    func emitted() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let schedule = try #require(explore(scenario, patches: [.zramUp]).findings.first).schedule
        let text = try script(for: schedule, scenario: scenario, patches: [.zramUp], policy: "v8-11")
        #expect(text.contains("echo 'hold fn=disksize_store' > \"$points/zram_index_mutex.lock\""))
        #expect(text.contains("echo wait > \"$points/zram_index_mutex.lock\""))
        #expect(text.contains("echo go > \"$points/zram_index_mutex.lock\""))
        #expect(text.contains("Expected: deadlock"))
    }

    @Test("the text of a schedule is read as it is written, beyond z too; odd and huge ones are refused")
    func text() {
        let digest = "0123456789abcdef"
        for path in [[], [0, 0, 1], [25, 26, 51, 52, 52, 300], Array(repeating: 7, count: 5000)] {
            let schedule = Schedule(digest: digest, path: path)
            #expect(Schedule(schedule.description) == schedule && schedule.path == path)
        }
        #expect(Schedule(digest + "-aZ3{52}2")?.path == [0, 51, 51, 51, 52, 52])
        let wrong = [
            "a0", "a-1", "1a", "a9999999999999999999", "a1000001", "a999999b2", "a٣", "ä", "{", "{}", "{1", "{x}",
            "{-1}",
            "{99999999999999999999}", "a b", "a\u{0}", "{7}0",
        ]
        for text in wrong { #expect(Schedule(digest + "-" + text) == nil, "\(text)") }
        for text in [
            "", "-", "a", digest, digest + "-a-a", "01234567-a", digest.dropLast() + "g-a", "é" + digest + "-a",
        ] {
            #expect(Schedule(String(text)) == nil, "\(text)")
        }
    }

    @Test("a stale schedule says why: the scenario, the policy, or the program")
    func why() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let here = Setting(scenario, []).programDigest
        func why(_ other: String) -> String { ScheduleDigest.difference(made: other, here: here) }
        let text = ScenarioText(scenario)
        func changed(setup: String? = nil, machine: String = "", refused: String = "") throws -> Scenario {
            var scripts = Dictionary(text.terminals.map { ($0.name, $0.script) }, uniquingKeysWith: { one, _ in one })
            scripts["setup"] = setup
            return try Scenario(name: "x", scripts: scripts, refused: refused, machine: machine)
        }
        // The name alone is no matter.
        #expect(Setting(try changed(), []).programDigest == here)
        for other in [try changed(setup: "true"), try changed(machine: "cpus=3"), try changed(refused: "EBUSY")] {
            let digest = Setting(other, []).programDigest
            #expect(why(digest).contains("another scenario") && !why(digest).contains("policy"))
        }
        #expect(why(Setting(scenario, [.syncBlockdev]).programDigest).contains("another policy"))
        #expect(why(here.prefix(10) + "000000").contains("another program"))
        #expect(why("01234567").contains("older program"))
    }
}
