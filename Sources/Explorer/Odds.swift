import Zram

/// How likely a scenario fails, if whoever can take the next step does so with equal chance.
public struct Odds: Codable, Sendable {
    /// Exact but for rounding: the sum over all states.
    public let probability: Double
    /// The part of each kind of failure.
    public let byVerdict: [String: Double]
    /// Schedules in all: a `Double`, for there may be more than any integer holds.
    public let schedules: Double
    /// Those that fail.
    public let failing: Double
    /// Different states, of the whole machine.
    public let states: Int
    /// Tasks and the longest schedule; what PCT's guarantee is made of.
    public let tasks: Int
    /// Steps of the longest schedule.
    public let depth: Int
    /// The same under PCT with one to three ordered steps, where its choices are few enough to be walked.
    public let pct: [PCTOdds]

    /// The least chance that one run of PCT with priority changes for `depth` finds a failure that needs so many
    /// ordered steps: 1 / (n k^(d-1)).
    public func pctBound(depth d: Int) -> Double {
        var bound = 1 / Double(max(1, tasks))
        for _ in 1..<max(1, d) { bound /= Double(max(1, depth)) }
        return bound
    }
}

/// Counts over the whole state graph.
///
/// - Parameter isWhole: with all files of the tree, as on a mount, not only those that the scripts name.
/// - Returns: nil if there are more than `limit` states, or a loop without a bound, where nothing can be counted.
public func odds(
    _ scenario: Scenario, patches: Set<Patch>, isWhole: Bool = false, limit: Int = 2_000_000
) -> Odds? {
    let setting = Setting(scenario, patches, isWhole: isWhole)
    guard !setting.isUnbounded else { return nil }
    let graph = StateGraph.recalling(setting, limit: limit)
    guard graph.isComplete else { return nil }
    let count = graph.nodes.count
    var weight = Array(repeating: 0.0, count: count)
    var ways = Array(repeating: 0.0, count: count)
    var length = Array(repeating: 0, count: count)
    var result = (total: 0.0, all: 0.0, failing: 0.0, verdicts: [String: Double]())
    weight[0] = 1
    ways[0] = 1
    for node in graph.topologicalOrder {
        let edges = graph.nodes[node].edges
        if let failure = graph.nodes[node].failure {
            result.total += weight[node]
            result.failing += ways[node]
            result.verdicts[failure.verdict.rawValue, default: 0] += weight[node]
        }
        if edges.isEmpty { result.all += ways[node] }
        for edge in edges {
            weight[Int(edge.to)] += weight[node] / Double(edges.count)
            ways[Int(edge.to)] += ways[node]
            length[Int(edge.to)] = max(length[Int(edge.to)], length[node] + 1)
        }
    }
    let tasks = scenario.terminalNames.count, depth = length.max() ?? 0
    let pct = (1...3).compactMap { number in
        graph.pctOdds(depth: number, tasks: tasks, steps: depth).map { PCTOdds(depth: number, probability: $0) }
    }
    return Odds(
        probability: result.total, byVerdict: result.verdicts, schedules: result.all, failing: result.failing,
        states: count, tasks: tasks, depth: depth, pct: pct)
}

extension StateGraph {
    /// Each state before those that its steps lead to; for graphs without a way round.
    var topologicalOrder: [Int] {
        var incoming = Array(repeating: 0, count: nodes.count)
        for node in nodes { for edge in node.edges { incoming[Int(edge.to)] += 1 } }
        var order = [0]
        var next = 0
        while next < order.count {
            for edge in nodes[order[next]].edges {
                incoming[Int(edge.to)] -= 1
                if incoming[Int(edge.to)] == 0 { order.append(Int(edge.to)) }
            }
            next += 1
        }
        return order
    }
}
