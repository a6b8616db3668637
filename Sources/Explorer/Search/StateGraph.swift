import KernelCore
import Zram

/// All states of a scenario and all steps between them, with no reduction but that equal states are one.
struct StateGraph {
    struct Node {
        var edges: [(task: UInt8, to: Int32)] = []
        var failure: Failure?
        /// Tasks that have not ended, a bit each.
        var alive: UInt32 = 0
        /// The first way here: the state before and the task that stepped.
        let parent: Int32
        let task: UInt8
    }

    private(set) var nodes: [Node] = []
    /// The states in which nobody goes on.
    private(set) var finals: Set<UInt64> = []
    private(set) var index: [UInt64: Int32] = [:]
    /// False if it has more states than were wanted.
    private(set) var isComplete = true

    init(_ setting: Setting, limit: Int) {
        let executor = KernelExecutor()
        let memory = EmptyMemory()
        var path: [UInt8] = []
        var levels: [(node: Int, todo: [UInt8])] = []
        repeat {
            let run = Run(setting, executor: executor, memory: memory)
            for choice in path { run.step(Int(choice)) }
            while true {
                let (here, isNew) = enter(run, from: levels.last?.node, by: path.last)
                if let last = levels.last { nodes[last.node].edges.append((path[path.count - 1], Int32(here))) }
                guard isNew else { break }
                guard nodes[here].failure == nil else {
                    finals.insert(run.finalFingerprint)
                    break
                }
                let enabled = run.tasks.indices.filter { run.isEnabled($0) }.map { UInt8($0) }
                guard !enabled.isEmpty else {
                    nodes[here].failure = run.endFailure()
                    finals.insert(run.finalFingerprint)
                    break
                }
                levels.append((here, Array(enabled.dropFirst())))
                path.append(enabled[0])
                run.step(Int(enabled[0]))
            }
            while let last = levels.last, last.todo.isEmpty {
                levels.removeLast()
                path.removeLast()
            }
            if nodes.count > limit {
                isComplete = false
                break
            }
            if let last = levels.last {
                path[path.count - 1] = last.todo[0]
                levels[levels.count - 1].todo.removeFirst()
            }
        } while !levels.isEmpty
        executor.retire()
    }

    private mutating func enter(_ run: Run, from: Int?, by task: UInt8?) -> (Int, Bool) {
        let key = run.fingerprint
        if let known = index[key] { return (Int(known), false) }
        var node = Node(parent: Int32(from ?? -1), task: task ?? 0)
        node.failure = run.failure
        for number in run.tasks.indices where !run.isOver(number) { node.alive |= 1 << UInt32(number) }
        nodes.append(node)
        index[key] = Int32(nodes.count - 1)
        return (nodes.count - 1, true)
    }

    /// The first way to a state.
    func path(to node: Int) -> [UInt8] {
        var path: [UInt8] = []
        var here = node
        while nodes[here].parent >= 0 {
            path.append(nodes[here].task)
            here = Int(nodes[here].parent)
        }
        return path.reversed()
    }
}
