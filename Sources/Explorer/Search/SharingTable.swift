import KernelCore

/// What the exploration has learned of each object: which tasks use it, and whether a lock always protects it.
///
/// A step on objects that nobody else uses, or that are always used under a lock that the task holds, commutes with
/// all that others can do meanwhile: it needs no alternatives. When the table turns out to be wrong, the exploration
/// starts again with what it has learned; it counts only if it ends with the table that it relied on.
struct SharingTable: Sendable {
    struct Entry: Sendable {
        var readers: TaskMask = 0
        var writers: TaskMask = 0
        /// Locks held at every use so far.
        var locks: [UInt32]
        /// A step was taken without alternatives because of this entry.
        var isTrusted = false

        /// Some task's use may not commute with another's.
        @inline(__always)
        var isShared: Bool {
            writers != 0 && (readers | writers) & ((readers | writers) &- 1) != 0 && locks.isEmpty
        }
    }

    private(set) var entries: [UInt32: Entry] = [:]
    /// Something that was trusted is shared after all.
    var isBroken = false

    init(entries: [UInt32: Entry] = [:]) { self.entries = entries }

    @inline(__always)
    func isShared(_ id: UInt32) -> Bool { entries[id]?.isShared ?? false }

    /// Learns from one step.
    ///
    /// - Parameters:
    ///   - tasks: a bit for the task; two if others run the same script, for they will do the same.
    ///   - locks: what the task held exclusively before and after the step.
    ///   - released: an object whose giving back needs no alternatives.
    /// - Returns: true if all that the step did commutes with what others can do meanwhile.
    mutating func learn(
        _ accesses: [AccessLog.Access], tasks: TaskMask, single: TaskMask, locks: [UInt32], released: UInt32?
    ) -> Bool {
        var isLocal = true
        for access in accesses {
            let id = access >> 1
            let mask = AccessLog.isPrivate(id) ? single : tasks
            var entry = entries[id] ?? Entry(locks: locks)
            let was = entry.isShared
            let before = (entry.readers, entry.writers, entry.locks.count)
            if access & 1 == 1 { entry.writers |= mask } else { entry.readers |= mask }
            if !entry.locks.isEmpty { entry.locks.removeAll { !locks.contains($0) } }
            if entry.isShared {
                if !was, entry.isTrusted { isBroken = true }
                if id != released { isLocal = false }
            }
            if entries[id] == nil || before != (entry.readers, entry.writers, entry.locks.count) {
                entries[id] = entry
            }
        }
        return isLocal
    }

    /// Notes that a step was taken without alternatives.
    mutating func trust(_ accesses: [AccessLog.Access]) {
        for access in accesses where entries[access >> 1]?.isTrusted == false { entries[access >> 1]!.isTrusted = true }
    }

    /// Takes in what another search learned; true if that changes what may be trusted.
    mutating func merge(_ other: SharingTable) -> Bool {
        var hasChanged = false
        for (id, entry) in other.entries {
            guard var own = entries[id] else {
                entries[id] = entry
                continue
            }
            let was = (own.isShared, entry.isShared)
            own.readers |= entry.readers
            own.writers |= entry.writers
            own.locks.removeAll { !entry.locks.contains($0) }
            own.isTrusted = own.isTrusted || entry.isTrusted
            if own.isShared, own.isTrusted, !was.0 || !was.1 { hasChanged = true }
            entries[id] = own
        }
        return hasChanged
    }

    /// Before another attempt: what was trusted is to be trusted anew.
    mutating func restart() {
        isBroken = false
        for id in entries.keys { entries[id]!.isTrusted = false }
    }
}
