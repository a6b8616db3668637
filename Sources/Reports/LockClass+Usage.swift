import KernelCore

extension LockClass {
    /// The class as lockdep prints it: `(kn->active#7){++++}-{0:0}`.
    ///
    /// The four signs say how it was taken: for writing, for reading, each as the hard and as the soft interrupt states
    /// see it. Everything here is taken with interrupts on, so that a sign is `+` or `.` alone. The numbers are wait
    /// types: 3 for a lock that sleeps, 0 for kernfs's annotation, which has none.
    public var usage: String {
        let half = (isUsed.write ? "+" : ".") + (isUsed.read ? "+" : ".")
        return "(\(fullName)){\(half)\(half)}-\(kind == .active ? "{0:0}" : "{3:3}")"
    }
}
