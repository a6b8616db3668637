import KernelCore
import Reports

extension Control {
    /// What lockdep has learned: each class, and below it the classes that were taken while it was held.
    static let lockdep = Control(
        "debug/lockdep",
        show: { machine in
            let lockdep = machine.kernel.lockdep
            let isRecent = machine.reportContext.isRecent
            let edges = lockdep.knownEdges
            let head = "classes \(lockdep.classes.count)  edges \(edges.count)  splats \(machine.counts.inversions)\n"
            return head
                + lockdep.classes.map { lockClass in
                    "\(lockClass.usage(isRecent: isRecent))\n"
                        + edges.filter { $0.from === lockClass }.map { edge in
                            "  -> \(edge.to.usage(isRecent: isRecent)) in \(Text.function(edge.frames)) by \(edge.task.name):\(edge.task.pid)\n"
                        }.joined()
                }.joined()
        })
}
