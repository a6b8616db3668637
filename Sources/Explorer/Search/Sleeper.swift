import KernelCore

/// A task whose next step need not be taken here: another branch takes it first, and the order does not matter.
struct Sleeper {
    let task: UInt8
    /// What its step does, seen when it was taken.
    let accesses: [AccessLog.Access]

    /// True if the steps can be swapped: neither writes what the other uses.
    @inline(__always)
    func commutes(with others: [AccessLog.Access]) -> Bool {
        for mine in accesses {
            for other in others where (mine ^ other) < 2 && (mine | other) & 1 == 1 { return false }
        }
        return true
    }
}
