import KernelCore
import Testing
import Zram

@testable import Explorer

/// What was proved once and was false, each with the reduction that was to blame.
@Suite("No proof that is false", .timeLimit(.minutes(2)))
struct SoundnessTests {
    private func look(
        _ scenario: Scenario, _ patches: Set<Patch> = [], _ reductions: Reductions = .all, checkEvery: Int = 4096
    ) -> Outcome {
        var options = ExploreOptions()
        options.reductions = reductions
        options.checkEvery = checkEvery
        options.isMinimising = false
        return explore(scenario, patches: patches, options: options)
    }

    /// The same verdicts and final states with any reduction left out, and no recalled step that does something else.
    private func agree(_ scenario: Scenario, _ patches: Set<Patch> = []) {
        let plain = look(scenario, patches, [.fingerprints, .namedFiles])
        for reductions in [Reductions.all, [.fingerprints, .namedFiles, .recalledSteps]] {
            for checkEvery in [1, 1 << 40] {
                let reduced = look(scenario, patches, reductions, checkEvery: checkEvery)
                #expect(reduced.mistake == nil)
                #expect(
                    reduced.verdicts == plain.verdicts && reduced.finals == plain.finals,
                    "\(scenario.terminalTexts) \(reductions.names): \(reduced.verdicts), plain \(plain.verdicts)")
            }
        }
    }

    private static let timer = [
        "setup": "echo fsl_mpic_timer_wakeup > $1/debug/init_module",
        "b": """
        if cat $1/zram1/initstate; then
            echo 0 > $1/mpic/timer_wakeup; echo 5 > $1/mpic/timer_wakeup; echo 0 > $1/mpic/timer_wakeup
            echo fsl_mpic_timer_wakeup > $1/debug/delete_module
        else
            echo 5 > $1/mpic/timer_wakeup; echo 0 > $1/mpic/timer_wakeup
        fi
        """, "c": "cat $1/zram-control/hot_add",
    ]

    @Test("a task is born with what its maker knew: a timer that was freed is not taken for one that runs")
    func bornTasks() throws {
        let scenario = try Scenario(name: "timer", scripts: Self.timer)
        #expect(look(scenario, Fixtures.patches("5.16")).verdicts == [.useAfterFree])
        #expect(look(scenario, Fixtures.patches("5.16"), checkEvery: 1).mistake == nil)
    }

    @Test("timers and work", arguments: [[], [Patch.cancelWork]])
    func timers(_ patches: Set<Patch>) throws {
        for scripts in [
            ["b": "echo 5 > $1/mpic/timer_wakeup; echo 6 > $1/mpic/timer_wakeup"],
            ["b": "echo 5 > $1/mpic/timer_wakeup", "c": "echo fsl_mpic_timer_wakeup > $1/debug/delete_module"],
        ] {
            agree(
                try Scenario(name: "timer", scripts: scripts.merging(["setup": Self.timer["setup"]!]) { $1 }), patches)
        }
    }

    @Test("who tries a lock can tell when it is given back", arguments: ["try", "retry"])
    func tryLock(_ file: String) throws {
        let scenario = try TestDriver.scenario([
            "a": "echo 1 > $1/trial/hold", "b": "echo 1 > $1/trial/\(file)",
        ])
        if file == "try" { #expect(look(scenario).verdicts == [.warning]) }
        agree(scenario)
    }

    @Test("a driver with a plain variable is found by --check-steps, which names it")
    func plainVariable() throws {
        let scenario = try TestDriver.scenario([
            "a": "echo 1 > $1/trial/set_plain", "b": "echo 1 > $1/trial/use_plain",
        ])
        let outcome = look(scenario, checkEvery: 1)
        #expect(outcome.mistake?.contains("TestDriver.plain") == true && !outcome.isProved)
        for file in ["hold", "retry"] {
            let right = try TestDriver.scenario(["a": "echo 1 > $1/trial/\(file)", "b": "echo 1 > $1/trial/hold"])
            #expect(look(right, checkEvery: 1).mistake == nil)
        }
    }

    @Test("what a driver does without its lock, or gives back twice, is a verdict", arguments: ["unguarded", "twice"])
    func driverMistakes(_ file: String) throws {
        let scenario = try TestDriver.scenario(["a": "echo 1 > $1/trial/\(file)", "b": "echo 1 > $1/trial/hold"])
        let outcome = look(scenario)
        #expect(outcome.verdicts == [.warning] && outcome.findings.first?.schedule.path.isEmpty == false)
    }

    @Test("more tasks than the search can tell apart: nothing is proved", arguments: [30, 70])
    func manyTasks(_ count: Int) throws {
        let scenario = try TestDriver.scenario(
            ["a": "for n in \((1...count).map(String.init).joined(separator: " ")); do echo 1 > $1/trial/spawn; done"])
        var options = ExploreOptions()
        options.seconds = 1
        options.isMinimising = false
        let outcome = explore(scenario, patches: [], options: options)
        #expect(outcome.isCut && outcome.verdicts == [.undecided])
    }

    @Test("a search for starvation that was cut proves nothing, and keeps to its budget")
    func cutGraph() throws {
        let scenario = try Scenario(
            name: "loop",
            scripts: ["a": "until cat $1/zram1/initstate; do cat $1/zram0/initstate; done", "b": "true"])
        let setting = Setting(scenario, [])
        let whole = StateGraph(setting, limit: 100_000)
        #expect(whole.isComplete && Starvation(graph: whole, endless: 0).find() != nil)
        for limit in [1, 10, whole.nodes.count - 1] {
            let cut = StateGraph(setting, limit: limit)
            #expect(!cut.isComplete && cut.nodes.contains { !$0.isWhole })
        }
    }

    @Test("a descent without an end keeps to its seconds")
    func endlessDescent() throws {
        let scenario = try Scenario(
            name: "loop",
            scripts: [
                "a": "while :; do echo 5 > $1/mpic/timer_wakeup; cat $1/zram-control/hot_add; done",
                "setup": Self.timer["setup"]!,
            ])
        var options = ExploreOptions()
        options.seconds = 0.5
        let clock = KernelClock()
        let outcome = explore(scenario, patches: [], options: options)
        #expect(outcome.isCut && outcome.verdicts == [.undecided])
        // Far below what it would take: hours.
        #expect(clock.now < 60_000_000_000)
    }
}
