/// Looks for a way round and round in which a task that means to end never does, although the scheduler is fair: who
/// can go on again and again, goes on (strong fairness, as queued locks give it).
struct Starvation {
    let graph: StateGraph
    /// Tasks that never mean to end, a bit each.
    let endless: TaskMask
    /// Of each state, while components are looked for.
    private var marks: [Mark]

    private struct Mark {
        var isMember = false
        var isOnStack = false
        /// In order of discovery, from 1.
        var number: Int32 = 0
        var low: Int32 = 0
    }

    init(graph: StateGraph, endless: TaskMask) {
        self.graph = graph
        self.endless = endless
        marks = Array(repeating: Mark(), count: graph.nodes.count)
    }

    /// The starved tasks and the states of the way round; nil if there is none. In a graph that was cut, one among the
    /// states whose steps are all known: of the others nobody can say what is fair.
    func find() -> (tasks: TaskMask, states: [Int])? {
        var search = self
        return search.look()
    }

    private mutating func look() -> (tasks: TaskMask, states: [Int])? {
        var pending = components(graph.nodes.indices.filter { graph.nodes[$0].isWhole })
        while let component = pending.popLast() {
            let members = Set(component)
            var stepping: TaskMask = 0
            var enabled: TaskMask = 0
            for node in component {
                for edge in graph.nodes[node].edges {
                    enabled |= 1 << edge.task
                    if members.contains(Int(edge.to)) { stepping |= 1 << edge.task }
                }
            }
            guard stepping != 0 else { continue }
            let unfair = enabled & ~stepping
            if unfair == 0 {
                let starved = graph.nodes[component[0]].alive & ~endless
                if starved != 0 { return (starved, component) }
            } else {
                // Fair only where those who would have to go on cannot.
                let rest = component.filter { node in
                    graph.nodes[node].edges.allSatisfy { unfair & 1 << $0.task == 0 }
                }
                if !rest.isEmpty { pending += components(rest) }
            }
        }
        return nil
    }

    /// A walk from the first of the states round through a step of every task that steps there, and back.
    func round(_ states: [Int]) -> [UInt8] {
        let members = Set(states)
        let start = states.min()!
        var tasks: Set<UInt8> = []
        for node in states {
            for edge in graph.nodes[node].edges where members.contains(Int(edge.to)) { tasks.insert(edge.task) }
        }
        var walk: [UInt8] = []
        var here = start
        for task in tasks.sorted() {
            guard let (path, end) = way(from: here, in: members, until: { _, by in by == task }) else { continue }
            walk += path
            here = end
        }
        if here != start, let (path, _) = way(from: here, in: members, until: { to, _ in to == start }) { walk += path }
        return graph.path(to: start) + walk
    }

    private func way(from: Int, in members: Set<Int>, until isGoal: (Int, UInt8) -> Bool) -> ([UInt8], Int)? {
        var cameBy: [Int: (Int, UInt8)] = [:]
        var queue = [from]
        var next = 0
        while next < queue.count {
            let here = queue[next]
            next += 1
            for edge in graph.nodes[here].edges where members.contains(Int(edge.to)) {
                let to = Int(edge.to)
                if isGoal(to, edge.task) {
                    var path = [edge.task]
                    var back = here
                    while back != from, let (before, by) = cameBy[back] {
                        path.append(by)
                        back = before
                    }
                    return (path.reversed(), to)
                }
                if to != from, cameBy[to] == nil {
                    cameBy[to] = (here, edge.task)
                    queue.append(to)
                }
            }
        }
        return nil
    }

    /// Strongly connected components among some states; Tarjan's algorithm without recursion.
    private mutating func components(_ among: [Int]) -> [[Int]] {
        for node in among { marks[node] = Mark(isMember: true) }
        defer { for node in among { marks[node] = Mark() } }
        var count: Int32 = 0
        var stack: [Int] = []
        var result: [[Int]] = []
        for root in among where marks[root].number == 0 {
            var calls: [(node: Int, edge: Int)] = [(root, 0)]
            while let (node, edge) = calls.last {
                if edge == 0, marks[node].number == 0 {
                    count += 1
                    marks[node].number = count
                    marks[node].low = count
                    marks[node].isOnStack = true
                    stack.append(node)
                }
                if edge < graph.nodes[node].edges.count {
                    calls[calls.count - 1].edge += 1
                    let to = Int(graph.nodes[node].edges[edge].to)
                    guard marks[to].isMember else { continue }
                    if marks[to].number == 0 {
                        calls.append((to, 0))
                    } else if marks[to].isOnStack {
                        marks[node].low = min(marks[node].low, marks[to].number)
                    }
                    continue
                }
                calls.removeLast()
                if let caller = calls.last?.node { marks[caller].low = min(marks[caller].low, marks[node].low) }
                guard marks[node].low == marks[node].number else { continue }
                var component: [Int] = []
                repeat {
                    component.append(stack.removeLast())
                    marks[component[component.count - 1]].isOnStack = false
                } while component[component.count - 1] != node
                result.append(component)
            }
        }
        return result
    }
}
