import KernelCore

extension LockClass {
    /// The class as lockdep prints it: `(kn->active#7){++++}-{0:0}`.
    ///
    /// The four signs say how it was taken: for writing, for reading, each as the hard and as the soft interrupt states
    /// see it. Everything here is taken with interrupts on, so that a sign is `+` or `.` alone. The numbers are wait
    /// types: for a lock that sleeps 3, and 4 since 6.14; 0 for kernfs's annotation, which has none.
    public func usage(isRecent: Bool) -> String {
        let half = (isUsed.write ? "+" : ".") + (isUsed.read ? "+" : ".")
        return "(\(fullName)){\(half)\(half)}-\(kind == .active ? "{0:0}" : isRecent ? "{4:4}" : "{3:3}")"
    }
}
