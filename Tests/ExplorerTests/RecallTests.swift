import Testing
import Zram

@testable import Explorer

/// The graph of all states, and the shortest schedules, with steps that are recalled as with steps that are taken.
@Suite("Recalled steps")
struct RecallTests {
    /// Larger graphs are compared as far as this.
    private static let limit = ReductionTests.count > 25 ? 100_000 : 2_000

    /// nil if both are the same, and each recalled step does what it does when it is taken.
    private func compare(_ scenario: Scenario, _ patches: Set<Patch>) -> String? {
        let setting = Setting(scenario, patches)
        let plain = StateGraph(setting, limit: Self.limit)
        for checkEvery in [1 << 40, 1] {
            let walker = Walker(setting, recalls: true, checkEvery: checkEvery)
            let graph = StateGraph(walker, limit: Self.limit)
            if let mistake = walker.mistake { return mistake }
            if checkEvery > 1, plain.nodes.count > 100, walker.counts.recalled == 0 { return "nothing was recalled" }
            guard graph.nodes.count == plain.nodes.count, graph.finals == plain.finals,
                graph.isComplete == plain.isComplete,
                zip(graph.nodes, plain.nodes).allSatisfy({ isSame($0, $1) })
            else { return "\(scenario.name) \(scenario.terminalTexts) \(patches): another graph" }
        }
        let wanted = Set(plain.nodes.compactMap { $0.failure?.verdict })
        guard !wanted.isEmpty else { return nil }
        var taken = ShortestSearch(setting, recalls: false)
        var recalled = ShortestSearch(setting, recalls: true, checkEvery: 1 << 40)
        var checked = ShortestSearch(setting, recalls: true, checkEvery: 1)
        let isMinimal = taken.search(wanted, runs: Self.limit)
        guard recalled.search(wanted, runs: Self.limit) == isMinimal,
            checked.search(wanted, runs: Self.limit) == isMinimal
        else {
            return checked.mistake ?? "one is minimal"
        }
        if let mistake = checked.mistake ?? recalled.mistake { return mistake }
        for verdict in wanted where taken.found[verdict] != recalled.found[verdict] {
            return "\(scenario.name) \(scenario.terminalTexts) \(patches): another shortest schedule"
        }
        return taken.runs == recalled.runs ? nil : "\(taken.runs) runs, recalled \(recalled.runs)"
    }

    private func isSame(_ one: StateGraph.Node, _ other: StateGraph.Node) -> Bool {
        one.failure == other.failure && one.alive == other.alive && one.parent == other.parent
            && one.task == other.task && one.edges.elementsEqual(other.edges, by: ==)
    }

    @Test("the matrix", arguments: Fixtures.names)
    func matrix(name: String) throws {
        let scenario = try Fixtures.scenario(name)
        let first = Fixtures.names.firstIndex(of: name)! % Policy.all.count
        for policy in ReductionTests.count > 25 ? Policy.all[...] : Policy.all[first...first] {
            let wrong = compare(scenario, policy.patches)
            #expect(wrong == nil, "\(policy.name)")
        }
    }

    @Test("generated scenarios")
    func generated() {
        let wrong = parallel(ReductionTests.count, threads: 2) { number -> String? in
            guard let (scenario, patches) = try? ReductionTests.generated(UInt64(number + 1)) else {
                return "unreadable"
            }
            return compare(scenario, patches)
        }.compactMap { $0 }
        #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(3).joined(separator: "\n"))")
    }

    private static let endless = [
        "while :; do cat $1/zram0/initstate; done", "until echo 1 > $1/zram0/reset; do sleep 1; done",
    ]

    @Test("loops without an end", arguments: endless, ["v8-11", "5.16"])
    func loops(reader: String, policy: String) throws {
        let scenario = try Scenario(
            name: "loop", scripts: ["reader": reader, "remover": "echo zram > $1/debug/delete_module"])
        #expect(compare(scenario, Fixtures.patches(policy)) == nil)
        #expect(ReductionTests().recalling(scenario, Fixtures.patches(policy), in: [.all]) == nil)
    }

    @Test("the search asks for cycles of waits only where there may be one") func cycles() throws {
        let scenario = try Scenario(
            name: "cycles",
            scripts: [
                "reader": Self.endless[0], "writer": "echo 1 > $1/zram0/reset",
                "remover": "echo zram > $1/debug/delete_module",
            ])
        let walker = Walker(Setting(scenario, Fixtures.patches("v8-11")), recalls: true)
        defer { walker.retire() }
        var random = SplitMix(state: 1)
        var cycles = 0
        for _ in 0..<40 {
            walker.goBack(to: 0)
            while walker.failure == nil, walker.path.count < 120,
                let next = walker.tasks.filter({ walker.isEnabled($0) }).randomElement(using: &random)
            {
                let cycle = walker.machine().cycle()
                #expect(walker.cycle() == cycle)
                if cycle != nil { cycles += 1 }
                walker.advance(next)
            }
        }
        // Some of them while the reader goes on.
        #expect(walker.mistake == nil && cycles > 0)
    }

    @Test("what the search has seen is not looked at again for the shortest schedule")
    func handedOver() throws {
        let setting = Setting(try Fixtures.scenario("disksize-vs-rmmod"), Fixtures.patches("v8-11"))
        let cold = Walker(setting, recalls: true)
        let graph = StateGraph(cold, limit: 100_000)
        let warm = Walker(setting, recalls: true, cache: cold.cache)
        #expect(StateGraph(warm, limit: 100_000).nodes.count == graph.nodes.count)
        #expect(warm.counts.steps < cold.counts.steps && warm.counts.recalled > cold.counts.recalled)
    }

    @Test("steps that free memory are recalled, too, where all that is shared is the same") func frees() throws {
        let round = "echo 1M > $1/zram0/disksize; echo 1 > $1/zram0/reset"
        let setting = Setting(
            try Scenario(name: "frees", scripts: ["w": round], terminals: "w*2"), Fixtures.patches("5.16"))
        let cold = Walker(setting, recalls: true, checkEvery: 1 << 40)
        let graph = StateGraph(cold, limit: 100_000)
        let steps = graph.nodes.reduce(0) { $0 + $1.edges.count }
        // Nothing but memory keeps a step from being recalled: nothing fails, is born, or unloaded.
        let warm = Walker(setting, recalls: true, checkEvery: 1 << 40, cache: cold.cache)
        #expect(StateGraph(warm, limit: 100_000).nodes.count == graph.nodes.count)
        #expect(graph.isComplete && steps - warm.counts.recalled < steps / 100, "\(steps), \(warm.counts)")
        let checked = Walker(setting, recalls: true, checkEvery: 1)
        #expect(StateGraph(checked, limit: 100_000).nodes.count == graph.nodes.count && checked.mistake == nil)
    }
}
