/// How likely probabilistic concurrency testing (PCT) meets a failure: exactly, over all priorities and all steps at
/// which they change (Burckhardt and others, "A randomized scheduler with probabilistic guarantees of finding bugs").
public struct PCTOdds: Codable, Sendable {
    /// PCT's depth: one more than the changes of priority.
    public let depth: Int
    /// The chance of one run.
    public let probability: Double
}

extension StateGraph {
    /// The chance of one run of PCT, by walking every choice that it can make through the graph.
    ///
    /// - Parameters:
    ///   - tasks: how many have a priority; all are there from the beginning.
    ///   - steps: among how many steps the changes are drawn, as `SampleMode.pct` draws them.
    ///   - limit: steps of walks at which it is given up.
    /// - Returns: nil if there are too many choices, or tasks that are born later, whose priority is another draw.
    func pctOdds(depth: Int, tasks: Int, steps: Int, limit: Int = 200_000_000) -> Double? {
        guard tasks <= 6, steps > 0, depth > 0, !nodes.contains(where: { $0.alive >> tasks != 0 }) else {
            return nil
        }
        var orders = 1
        for number in 1...tasks { orders *= number }
        var ways = Double(orders) * Double(steps)
        for _ in 1..<depth { ways *= Double(steps) }
        guard ways <= Double(limit) else { return nil }
        var failing = 0
        var walks = 0
        for order in permutations(tasks) {
            var changes = Array(repeating: 0, count: depth - 1)
            repeat {
                walks += 1
                if fails(order, Set(changes)) { failing += 1 }
            } while Self.advance(&changes, below: steps)
        }
        return Double(failing) / Double(walks)
    }

    /// Walks as PCT does with these priorities, by task, and these changes.
    private func fails(_ order: [Int], _ changes: Set<Int>) -> Bool {
        var priorities = order
        var lowest = 0
        var here = 0
        var step = 0
        func first(_ edges: [(task: UInt8, to: Int32)]) -> (task: UInt8, to: Int32) {
            var best = edges[0]
            for edge in edges.dropFirst() where priorities[Int(edge.task)] > priorities[Int(best.task)] { best = edge }
            return best
        }
        while nodes[here].failure == nil, !nodes[here].edges.isEmpty {
            var next = first(nodes[here].edges)
            if changes.contains(step) {
                lowest -= 1
                priorities[Int(next.task)] = lowest
                next = first(nodes[here].edges)
            }
            here = Int(next.to)
            step += 1
        }
        return nodes[here].failure != nil
    }

    /// The next list of numbers below `limit`, as a counter; false behind the last.
    private static func advance(_ numbers: inout [Int], below limit: Int) -> Bool {
        for place in numbers.indices {
            numbers[place] += 1
            if numbers[place] < limit { return true }
            numbers[place] = 0
        }
        return false
    }

    private func permutations(_ count: Int) -> [[Int]] {
        count == 0
            ? [[]]
            : permutations(count - 1).flatMap { rest in
                (0...rest.count).map { place in
                    var list = rest
                    list.insert(count, at: place)
                    return list
                }
            }
    }
}
