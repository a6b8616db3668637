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
        let graph = StateGraph(Setting(scenario, []), limit: 100_000)
        // Breadth first over the plain graph: steps alone; the minimal schedule cannot have fewer.
        var distance = [0: 0]
        var queue = [0]
        var nearest: [Verdict: Int] = [:]
        while !queue.isEmpty {
            let here = queue.removeFirst()
            if let failure = graph.nodes[here].failure {
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

    @Test("a proof can be checked again, and a wrong one is found out")
    func proofs() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let outcome = explore(scenario, patches: Fixtures.patches("5.16"))
        let proof = try #require(Proof(outcome, of: scenario))
        let file = "/tmp/zramfs-proof-test.\(getpid())"
        try proof.write(to: file)
        defer { unlink(file) }
        #expect(try Proof(file: file).verify() == nil)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacing(outcome.finals, with: "abc").write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try Proof(file: file).verify() != nil)
        #expect(Proof(explore(scenario, patches: []), of: scenario) == nil)
    }
}
