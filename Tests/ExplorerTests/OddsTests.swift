import KernelCore
import Testing
import Zram

@testable import Explorer

@Suite("Odds")
struct OddsTests {
    @Test("random runs fail as often as the exact odds say, under each scheduler", arguments: ["5.15", "v8-11"])
    func likelihood(_ policy: String) throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let patches = Fixtures.patches(policy)
        let counted = odds(scenario, patches: patches)
        let exact = try #require(counted)
        #expect(exact.probability > 0.01 && exact.probability < 0.99)
        #expect(exact.failing < exact.schedules)
        let runs = 4000
        func agrees(_ probability: Double, _ mode: SampleMode) {
            let rate = sample(scenario, patches: patches, mode: mode, runs: runs).rate
            // Five standard deviations, of a seed that does not change.
            let deviation = (probability * (1 - probability) / Double(runs)).squareRoot()
            #expect(abs(probability - rate) <= 5 * deviation, "\(mode): \(rate)")
        }
        agrees(exact.probability, .uniform)
        #expect(exact.pct.map(\.depth) == [1, 2, 3])
        for pct in exact.pct { agrees(pct.probability, .pct(depth: pct.depth, steps: exact.depth)) }
        // One interruption is needed: no order of priorities alone finds it, and PCT keeps its promise.
        #expect(exact.pct[0].probability == 0)
        #expect(exact.pct[1].probability >= exact.pctBound(depth: 2))
    }

    @Test("the exact odds of PCT are those of all its draws, each run on the machine", arguments: ["5.15", "v8-11"])
    func draws(_ policy: String) throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let patches = Fixtures.patches(policy)
        let counted = odds(scenario, patches: patches)
        let exact = try #require(counted)
        let setting = Setting(scenario, patches)
        let executor = KernelExecutor()
        defer { executor.retire() }
        var failing = 0
        for priorities in [[1, 2], [2, 1]] {
            for change in 0..<exact.depth {
                let run = Run(setting, executor: executor, memory: EmptyMemory())
                var chooser = SampleChooser(priorities: priorities, changes: [change])
                var random = SplitMix(state: 1)
                var step = 0
                while run.failure == nil {
                    let enabled = run.tasks.indices.filter { run.isEnabled($0) }
                    guard !enabled.isEmpty else { break }
                    run.step(chooser.choose(enabled, step: step, &random))
                    step += 1
                }
                if (run.failure ?? run.endFailure()) != nil { failing += 1 }
            }
        }
        #expect(failing > 0)
        #expect(abs(exact.pct[1].probability - Double(failing) / Double(2 * exact.depth)) < 1e-12)
    }

    @Test("the windows of the thread's race: the writer's is one step, the remover's six")
    func lengths() throws {
        let found = windows(try Fixtures.scenario("disksize-vs-rmmod"), patches: [])
        #expect(
            found.map { "\($0.interrupted) \($0.overtaking) \($0.last - $0.first + 1) of \($0.steps): \($0.verdict)" }
                == [
                    "remover writer 6 of 32: instancesLeft", "writer remover 1 of 18: instancesLeft",
                ])
        let writers = try #require(found.last)
        #expect(writers.opens == "get_active of disksize" && writers.closes == "down_write of init_lock")
        for window in found {
            let time = try #require(window.microseconds), total = try #require(window.totalMicroseconds)
            #expect(time > 0 && time < total)
        }
        #expect(windows(try Fixtures.scenario("disksize-vs-rmmod"), patches: Fixtures.patches("5.16")).isEmpty)
        #expect(windows(try Fixtures.scenario("busy-reader-vs-rmmod"), patches: []).isEmpty)
    }

    @Test("random modes find every failing cell that the search finds")
    func findsAll() throws {
        for name in Fixtures.names {
            let scenario = try Fixtures.scenario(name)
            for policy in Policy.all {
                let wanted = (scenario.expected[policy.name] ?? []).filter { ![.proved, .starvation].contains($0) }
                guard !wanted.isEmpty, !scenario.terminals.contains(where: \.isUnbounded) else { continue }
                // A hundred runs after another, for most fail soon; where chance alone has odds of 1 to 20,000, few
                // interruptions have not.
                let modes = [SampleMode.uniform, .pct(depth: 3, steps: 60), .preemptions(1, steps: 60)]
                let isFound = (0..<30).contains { round in
                    !sample(
                        scenario, patches: policy.patches, mode: modes[round % 3], runs: 100, seed: UInt64(round)
                    ).failures.isEmpty
                }
                #expect(isFound, "\(name) under \(policy.name)")
            }
        }
    }
}
