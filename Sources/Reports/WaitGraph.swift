import KernelCore

/// Who waits for what, and who holds it, at one moment.
public struct WaitGraph {
    /// One task that waits.
    public struct Wait {
        /// The task.
        public let task: KernelTask
        /// The step that it cannot take.
        public let pending: Pending
        /// The tasks that must act before it can.
        public let holders: [KernelTask]
    }

    /// The tasks that wait, oldest first.
    public let waits: [Wait]

    /// The graph of a kernel as it is now.
    public init(_ kernel: Kernel) {
        waits = kernel.tasks.filter { $0.state == .blocked }.sorted { $0.serial < $1.serial }.compactMap { task in
            task.pending.map {
                Wait(task: task, pending: $0, holders: $0.object.holders(against: $0.operation))
            }
        }
    }

    /// One line for each wait: `echo:13 -> mutex zram_index_mutex <- rmmod:14`.
    public var text: String {
        waits.map { wait in
            let holders = wait.holders.map(Text.task).joined(separator: " ")
            return "\(Text.task(wait.task)) -> \(wait.pending.object.title)" + (holders.isEmpty ? "" : " <- \(holders)")
                + (wait.task.isDeadlocked ? "  (deadlock)" : "") + "\n"
        }.joined()
    }

    /// The graph for Graphviz: boxes are tasks, ellipses are what they wait for; a deadlock is red.
    public var dot: String {
        var nodes: [String: String] = [:]
        var edges: [String] = []
        func box(_ task: KernelTask) -> String {
            let key = "t\(task.serial)"
            nodes[key] = "label=\"\(escape(Text.task(task)))\" shape=box" + (task.isDeadlocked ? " color=red" : "")
            return key
        }
        for wait in waits {
            let object = "o\(wait.pending.object.id)"
            let red = wait.task.isDeadlocked ? " color=red" : ""
            nodes[object] = nodes[object] ?? "label=\"\(escape(wait.pending.object.title))\""
            let place = "\(wait.pending.operation.name)\\n\(Text.place(wait.pending.file, wait.pending.line))"
            edges.append("\(box(wait.task)) -> \(object) [label=\"\(place)\"\(red)]")
            for holder in wait.holders {
                let isRed = holder.isDeadlocked && wait.task.isDeadlocked ? " color=red" : ""
                let edge = "\(object) -> \(box(holder)) [label=\"held by\"\(isRed)]"
                if !edges.contains(edge) { edges.append(edge) }
            }
        }
        let lines = nodes.sorted { $0.key < $1.key }.map { "\($0.key) [\($0.value)]" } + edges
        return "digraph waits {\n" + lines.map { "    \($0)\n" }.joined() + "}\n"
    }

    private func escape(_ text: String) -> String {
        text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
    }
}
