import KernelCore
import Zram

/// All states of a scenario and all steps between them, with no reduction but that equal states are one.
struct StateGraph {
    struct Node {
        var edges: [(task: UInt8, to: Int32)] = []
        /// What ends the run here: nobody goes on, or something has gone wrong.
        var failure: Failure?
        /// All that the last step, or the end, has to say: beyond `failure` where runs are followed behind it.
        var failures: [Failure] = []
        /// Tasks that have not ended, a bit each.
        var alive: TaskMask = 0
        /// All its edges are known.
        var isWhole = false
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

    /// Walks to all states, depth first; to no more than so many, and not beyond the budget.
    ///
    /// - Parameter isThrough: runs are followed behind what goes wrong, as the search does.
    init(_ walk: some StateWalk, limit: Int, budget: Budget? = nil, isThrough: Bool = false) {
        var levels: [(node: Int, todo: [UInt8])] = []
        var isCut = false
        repeat {
            while !walk.isMistaken, !isCut {
                let (here, isNew) = enter(walk, from: levels.last?.node)
                if let last = levels.last { nodes[last.node].edges.append((walk.path[levels.count - 1], Int32(here))) }
                guard isNew else { break }
                let enabled =
                    (isThrough ? !walk.isBroken : nodes[here].failure == nil)
                    ? walk.tasks.filter { walk.isEnabled($0) }.map { UInt8($0) } : []
                guard !enabled.isEmpty else {
                    let end = walk.end()
                    nodes[here].failure = end.failure
                    if !walk.isBroken { nodes[here].failures += walk.endFailures() }
                    finals.insert(end.fingerprint)
                    nodes[here].isWhole = true
                    break
                }
                levels.append((here, Array(enabled.dropFirst())))
                walk.advance(Int(enabled[0]))
                isCut = nodes.count > limit || budget?.lookNowAndThen() == true
            }
            if walk.isMistaken || isCut {
                isComplete = false
                break
            }
            while let last = levels.last, last.todo.isEmpty {
                nodes[last.node].isWhole = true
                levels.removeLast()
            }
            if !levels.isEmpty {
                walk.goBack(to: levels.count - 1)
                walk.advance(Int(levels[levels.count - 1].todo.removeFirst()))
                isCut = budget?.lookNowAndThen() == true
            }
        } while !levels.isEmpty
        walk.retire()
    }

    /// Takes every step on a machine.
    init(_ setting: Setting, limit: Int, budget: Budget? = nil, isThrough: Bool = false) {
        self.init(PlainWalk(setting), limit: limit, budget: budget, isThrough: isThrough)
    }

    /// Recalls steps that were seen before; takes all, if one of them turns out to be wrong.
    static func recalling(
        _ setting: Setting, limit: Int, cache: StepCache = StepCache(), checkEvery: Int = 4096, budget: Budget? = nil
    ) -> Self {
        let walker = Walker(setting, recalls: true, checkEvery: checkEvery, cache: cache)
        let graph = Self(walker, limit: limit, budget: budget)
        return walker.isMistaken ? Self(setting, limit: limit, budget: budget) : graph
    }

    private mutating func enter(_ walk: some StateWalk, from: Int?) -> (Int, Bool) {
        let key = walk.fingerprint
        if let known = index[key] { return (Int(known), false) }
        var node = Node(parent: Int32(from ?? -1), task: walk.path.last ?? 0)
        node.failure = walk.failure
        node.failures = walk.failures
        for number in walk.tasks where !walk.isOver(number) { node.alive |= 1 << number }
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
