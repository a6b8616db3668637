import KernelCore
import Testing
import Zram

@testable import Explorer

/// A trace is checked against the graph: a real one is a path, and one that was tampered with is found out.
@Suite("Conformance")
struct ConformanceTests {
    /// What the terminals do in some order, as a mount's `debug/trace` has it.
    private func trace(_ scenario: Scenario, _ patches: Set<Patch>, seed: UInt64) -> [LiveStep] {
        let executor = KernelExecutor()
        var steps: [LiveStep] = []
        do {
            let run = Run(
                Setting(scenario, patches, isSymmetric: false, isWhole: true), executor: executor, memory: EmptyMemory()
            )
            var random = SplitMix(state: seed)
            while run.failure == nil,
                let next = run.tasks.indices.filter({ run.isEnabled($0) }).randomElement(using: &random)
            {
                let born = run.tasks.count
                // In a function of its own: nobody keeps the object over the step.
                func note() {
                    if let pending = run.tasks[next].pending, ![.text, .sleep].contains(pending.operation) {
                        steps.append(
                            LiveStep(task: next, operation: pending.operation, object: pending.object.pointName))
                    }
                }
                note()
                run.step(next)
                steps += run.tasks[born...].map { LiveStep(task: next, starting: $0.name) }
            }
        }
        executor.retire()
        return steps
    }

    @Test("who looked a file up before it went, and opens it when all is gone, is on a path") func late() throws {
        let scenario = try Fixtures.scenario("reset-vs-rmmod")
        let patches = Fixtures.patches("5.16")
        let executor = KernelExecutor()
        defer { executor.retire() }
        var steps: [LiveStep] = []
        do {
            let run = Run(
                Setting(scenario, patches, isSymmetric: false, isWhole: true), executor: executor, memory: EmptyMemory()
            )
            func go(_ number: Int, _ count: Int = .max) {
                for _ in 0..<count where run.isEnabled(number) {
                    run.tasks[number].pending.map {
                        steps.append(
                            LiveStep(task: number, operation: $0.operation, object: $0.object.pointName))
                    }
                    run.step(number)
                    if run.isOver(number) { break }
                }
            }
            go(1, 1)
            go(0, 1000)
            go(1, 1000)
            #expect(run.isOver(0) && run.isOver(1))
        }
        #expect(steps.last?.operation == .getActive)
        #expect(Conformance(scenario, patches: patches).follow(steps)?.what == nil)
    }

    @Test("what ran is a path, under every policy") func paths() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        for policy in ["5.15", "v8-11", "5.16"] {
            let conformance = Conformance(scenario, patches: Fixtures.patches(policy))
            for seed in UInt64(1)...20 {
                #expect(conformance.follow(trace(scenario, Fixtures.patches(policy), seed: seed)) == nil)
            }
            let report = conformance.report
            #expect(report.conforming == 20 && report.states > 100 && report.transitions >= report.states - 1)
            #expect(report.states <= report.graphStates! && report.transitions <= report.graphTransitions!)
        }
    }

    @Test("a step too many, too few, of somebody else, or in another order is found out") func tampered() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let patches = Fixtures.patches("5.16")
        let whole = trace(scenario, patches, seed: 3)
        let conformance = Conformance(scenario, patches: patches)
        #expect(conformance.follow(whole) == nil)
        for place in stride(from: 2, to: whole.count - 2, by: 7) where whole[place].operation != .lookup {
            // Without a task's last step the rest is still the beginning of a path.
            guard whole[(place + 1)...].contains(where: { $0.task == whole[place].task }) else { continue }
            var steps = whole
            steps.remove(at: place)
            #expect(conformance.follow(steps) != nil, "without step \(place)")
            steps = whole
            steps.insert(whole[place], at: place)
            #expect(conformance.follow(steps) != nil, "step \(place) twice")
            steps[place] = LiveStep(task: 5, operation: .lock, object: "x")
            #expect(conformance.follow(steps)?.step == place + 1)
        }
        // Of two steps of one task the second cannot come first.
        let pair = try #require(
            whole.indices.dropFirst().first {
                whole[$0].task == whole[$0 - 1].task && whole[$0] != whole[$0 - 1]
                    && whole[$0].operation != .lookup && whole[$0 - 1].operation != .lookup
            })
        var swapped = whole
        swapped.swapAt(pair, pair - 1)
        #expect(conformance.follow(swapped) != nil)
    }

    @Test("what the kernel starts for a terminal is followed", arguments: ["5.15", "cancel-work"])
    func kernelTasks(patch: String) throws {
        let scenario = try Fixtures.scenario("armed-timer-vs-rmmod")
        let patches = Patch(rawValue: patch).map { [$0] } ?? Set<Patch>()
        let conformance = Conformance(scenario, patches: patches)
        var born: Set<Int> = []
        for seed in UInt64(1)...60 {
            let steps = trace(scenario, patches, seed: seed)
            #expect(conformance.follow(steps) == nil)
            born.formUnion(steps.map(\.task))
            for place in steps.indices where steps[place].task > 1 || steps[place].operation == nil {
                var tampered = steps
                tampered.remove(at: place)
                // Of what does nothing after it, the last step is not missed.
                let isLast = !steps[(place + 1)...].contains { $0.task == steps[place].task }
                if steps[place].operation == nil || !isLast { #expect(conformance.follow(tampered) != nil) }
                tampered = steps
                tampered.insert(LiveStep(task: steps[place].task, starting: "kthreadd"), at: place)
                #expect(conformance.follow(tampered) != nil)
            }
        }
        // The timer, and the work that its interrupt queues.
        #expect(born == [0, 1, 2, 3])
        let report = conformance.report
        #expect((report.failures[Verdict.useAfterFree.rawValue] != nil) == (patch == "5.15"))
    }

    @Test("a shell's sleep is no step of a mount") func sleeps() throws {
        let scenario = try Scenario(
            name: "sleeps", scripts: ["a": "sleep 1; echo 1 > $1/zram0/reset", "b": "cat $1/zram0/initstate; sleep 2"])
        #expect(Conformance(scenario, patches: []).follow(trace(scenario, [], seed: 1)) == nil)
    }

    @Test("the text of debug/trace is read by its columns") func text() throws {
        let text = """
            TIME      TASK       GROUP  STEP          OBJECT      FUNCTION
            0.013417  my sh:67   67     lookup        reset       -
            0.013523  sh:67      67     get_active    reset       kernfs_fop_open
            0.014471  sh:66      66     (waits) lock  open_mutex  zram_remove
            0.014740  sh:66      66     lock          open_mutex  zram_remove
            0.014741  cat:99     99     lock          of_mutex    kernfs_fop_read_iter

            """
        #expect(
            LiveTrace.steps(in: text, groups: [66, 67]) == [
                LiveStep(task: 1, operation: .lookup, object: "reset"),
                LiveStep(task: 1, operation: .getActive, object: "reset"),
                LiveStep(task: 0, operation: .lock, object: "open_mutex"),
            ])
        #expect(LiveTrace.steps(in: "nonsense", groups: [1]) == nil)
        // Two timers of the same name; what somebody else starts is left out.
        let births = """
            TIME      TASK           GROUP  STEP      OBJECT         FUNCTION
            0.013523  sh:66          66     lock      sysfs_lock     fsl_timer_wakeup_store
            0.013524  sh:66          66     (starts)  mpic-timer:12  fsl_timer_wakeup_store
            0.013525  sh:99          99     (starts)  mpic-timer:13  fsl_timer_wakeup_store
            0.013526  sh:66          66     (starts)  mpic-timer:14  fsl_timer_wakeup_store
            0.013527  mpic-timer:14  0      wait      free_work      -
            0.013528  mpic-timer:13  0      wait      free_work      -
            0.013529  mpic-timer:14  0      (starts)  kworker/0:1:9  -
            0.013530  kworker/0:1:9  0      unlock    sysfs_lock     -

            """
        #expect(
            LiveTrace.steps(in: births, groups: [66]) == [
                LiveStep(task: 0, operation: .lock, object: "sysfs_lock"),
                LiveStep(task: 0, starting: "mpic-timer"), LiveStep(task: 0, starting: "mpic-timer"),
                LiveStep(task: 2, operation: .wait, object: "free_work"), LiveStep(task: 2, starting: "kworker/0:1"),
                LiveStep(task: 3, operation: .unlock, object: "sysfs_lock"),
            ])
    }
}
