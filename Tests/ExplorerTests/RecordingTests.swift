import KernelCore
import Testing
import Zram

@testable import Explorer

@Suite("Recordings")
struct RecordingTests {
    private func scripts(_ lines: [String]) throws -> [String: String] {
        try RecordedScenario(Recording((["complete"] + lines).joined(separator: "\n")), name: "recorded").scripts
    }

    @Test("calls become commands; what is opened and used at once needs no descriptor")
    func commands() throws {
        let text = try scripts([
            "call 1 50 sh 1 open-write /zram0/disksize -", "step 1 sh get_active disksize",
            "call 2 50 sh 1 write /zram0/disksize 64M%0a", "step 2 sh lock of_mutex",
            "call 3 50 sh 3 open /zram0/mm_stat -", "step 3 sh get_active mm_stat",
            "call 4 50 sh 3 read /zram0/mm_stat -", "step 4 sh lock of_mutex",
            "call 5 50 sh 3 read /zram0/mm_stat -", "step 5 sh lock of_mutex",
            "call 6 50 sh 6 open-write /dev/zram0 -", "step 6 sh lock open_mutex",
            "call 7 50 sh 7 open-write /zram0/reset -", "step 7 sh get_active reset",
            "call 8 50 sh 7 write /zram0/reset 1", "step 8 sh lock of_mutex",
            "call 10 10 fput 6 close - -", "step 10 fput lock open_mutex",
            "call 11 50 sh 11 open /debug/counts -",
        ])
        #expect(
            text == [
                "0-sh": """
                echo 64M > $1/zram0/disksize
                cat $1/zram0/mm_stat
                exec 3> $1/dev/zram0
                printf %s 1 > $1/zram0/reset
                exec 3<&-

                """
            ])
    }

    @Test("processes that follow one another share a terminal, others do not")
    func lanes() throws {
        func call(_ task: Int, _ pid: Int) -> [String] {
            [
                "call \(task) \(pid) rmmod \(task) open-write /debug/delete_module -",
                "call \(task + 1) \(pid) rmmod \(task) write /debug/delete_module zram%0a",
            ]
        }
        let step = "step 2 rmmod lock module_mutex"
        #expect(try scripts(call(1, 50) + [step] + call(3, 51)).count == 1)
        #expect(try scripts(call(1, 50) + call(3, 51) + [step]).keys.sorted() == ["0-rmmod", "1-rmmod"])
    }

    @Test("what cannot be read or said is refused, with the reason")
    func refused() {
        #expect(throws: Recording.Problem.cut) { try Recording("cut\n") }
        #expect(throws: Recording.Problem.unreadable(line: 1)) { try Recording("TIME TASK\n") }
        #expect(throws: Recording.Problem.unreadable(line: 2)) { try Recording("complete\nstep 1 sh nosuch a\n") }
        #expect(throws: Recording.Problem.empty) { try scripts(["call 1 50 sh 1 open /debug/counts -"]) }
        #expect(throws: Recording.Problem.inexpressible("a write of bytes that are no words")) {
            try scripts([
                "call 1 50 sh 1 open-write /zram0/reset -", "step 1 sh get_active reset",
                "call 2 50 sh 1 write /zram0/reset %00%0a", "step 2 sh get_active reset",
            ])
        }
        #expect(throws: Recording.Problem.inexpressible("sh uses a file that another process opened")) {
            try scripts(["call 2 50 sh 1 read /zram0/reset -", "step 2 sh get_active reset"])
        }
    }

    /// A mount's recording of an explored schedule: each terminal is a process, its script one call.
    private func recording(_ schedule: Schedule, _ scenario: Scenario, _ calls: [String]) throws -> Recording {
        let replayed = try replay(schedule, scenario: scenario, patches: Fixtures.patches("v8-11"))
        let steps = replayed.steps.compactMap { step in
            step.event.flatMap { event in
                event.operation == .lookup
                    ? nil : "step \(step.task + 1) \(event.name) \(event.operation.name) \(event.object)"
            }
        }
        return try Recording((["complete"] + calls + steps).joined(separator: "\n"))
    }

    @Test("a recorded deadlock is found again, and its schedule replays")
    func retraced() throws {
        let scenario = try Fixtures.scenario("reset-vs-rmmod")
        let patches = Fixtures.patches("v8-11")
        let schedule = try #require(explore(scenario, patches: patches).findings.first).schedule
        #expect(scenario.terminalNames == ["remover", "resetter"])
        let calls = [
            "call 1 50 remover 1 open-write /debug/delete_module -",
            "call 1 50 remover 1 write /debug/delete_module zram%0a",
            "call 2 51 resetter 2 open-write /zram0/reset -", "call 2 51 resetter 2 write /zram0/reset 1%0a",
        ]
        let recorded = try recording(schedule, scenario, calls)
        let again = try RecordedScenario(recorded, name: "again", setup: scenario.setupText)
        let retrace = Retrace(recorded, again, patches: patches)
        #expect(retrace.departure == nil)
        #expect(retrace.failure?.verdict == .deadlock)
        let replayed = try replay(retrace.schedule, scenario: again.scenario, patches: patches)
        #expect(replayed.failure?.verdict == .deadlock)
        // Under the patches that cure it the recorded steps are not possible.
        let cured = Retrace(recorded, again, patches: Fixtures.patches("5.16"))
        #expect(cured.departure != nil && cured.failure == nil)
    }

    @Test("a terminal may hold a disk open: then reset is refused, and hot_remove too")
    func openDisk() throws {
        let scenario = try Scenario(
            name: "held",
            scripts: [
                "setup": "echo 1M > $1/zram0/disksize", "holder": "exec 3<$1/dev/zram0\nexec 3<&-",
                "writer": "echo 1 > $1/zram0/reset",
            ], refused: "EBUSY")
        let outcome = explore(scenario, patches: [])
        #expect(outcome.verdicts == [.refused])
        let never = try Scenario(
            name: "never",
            scripts: [
                "setup": "echo 1M > $1/zram0/disksize",
                "one": "exec 3<$1/dev/zram0; exec 3<&-; echo 1 > $1/zram0/reset",
            ], refused: "EBUSY")
        #expect(explore(never, patches: []).verdicts == [.proved])
        // Closed at the end of the script at the latest: nothing of it leaks.
        let left = try Scenario(
            name: "left", scripts: ["one": "exec 4>$1/dev/zram0", "two": "echo zram > $1/debug/delete_module"])
        #expect(explore(left, patches: Fixtures.patches("5.16")).verdicts == [.proved])
    }
}
