/// Tasks of which each waits for something that the next one holds, and the last for the first.
public struct WaitCycle {
    /// One task of the cycle: it waits for `waitsFor`, which the next party holds.
    public struct Party {
        /// The task.
        public let task: KernelTask
        /// The step that it cannot take.
        public let waitsFor: Pending
    }

    /// The tasks, each waiting for the next; the first is the one whose wait closed the cycle.
    public let parties: [Party]
    /// When the cycle closed, in nanoseconds since boot.
    public let time: UInt64

    /// Looks for a cycle through `task`, which has just begun to wait.
    ///
    /// A wait for several holders (a drain, a writer behind readers) needs all of them, so that any path that comes
    /// back is a deadlock. Stops at tasks that already belong to a reported cycle: who queues up behind one is stuck
    /// as well, but it is no new cycle.
    init?(closedBy task: KernelTask) {
        var seen: Set<ObjectIdentifier> = []
        func path(from party: KernelTask) -> [Party]? {
            guard party.state == .blocked, let pending = party.pending else { return nil }
            for holder in pending.object.holders(against: pending.operation) {
                if holder === task { return [Party(task: party, waitsFor: pending)] }
                guard !holder.isDeadlocked, seen.insert(ObjectIdentifier(holder)).inserted else { continue }
                if let rest = path(from: holder) { return [Party(task: party, waitsFor: pending)] + rest }
            }
            return nil
        }
        guard let parties = path(from: task) else { return nil }
        self.parties = parties
        time = task.kernel?.now ?? 0
    }
}
