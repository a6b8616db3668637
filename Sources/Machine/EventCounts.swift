import KernelCore

/// How often something happened that a kernel would report, since the machine was booted.
public struct EventCounts: Sendable {
    /// Deadlocks.
    public internal(set) var cycles = 0
    /// Splats of lockdep.
    public internal(set) var inversions = 0
    /// Page faults and the like.
    public internal(set) var oopses = 0
    /// `WARN`s.
    public internal(set) var warnings = 0

    /// When the first deadlock, oops or warning came, in nanoseconds since boot.
    public internal(set) var firstFailure: UInt64?

    mutating func count(_ event: KernelEvent, at now: UInt64) {
        switch event {
        case .inversion, .stack: break
        case .cycle, .oops, .warning: firstFailure = firstFailure ?? now
        }
        switch event {
        case .cycle: cycles += 1
        case .inversion: inversions += 1
        case .oops: oopses += 1
        case .warning: warnings += 1
        case .stack: break
        }
    }
}
