/// What a search did, in numbers.
public struct SearchCounts: Codable, Sendable, Equatable {
    /// Different states.
    public var states = 0
    /// Steps from a state to a state, each counted once.
    public var transitions = 0
    /// Runs of a fresh machine.
    public var runs = 0
    /// Steps taken, replayed ones as well.
    public var steps = 0
    /// Steps recalled.
    public var recalled = 0
    /// Different states in which nobody can go on.
    public var finalStates = 0
    /// Schedules that failed, of those that were looked at.
    public var failures = 0
    /// The longest schedule.
    public var depth = 0
    /// How often the search began anew, with what it had learned of who uses what.
    public var attempts = 1
    /// Seconds.
    public var seconds = 0.0
    /// Seconds until the first failure was seen.
    public var firstFailure: Double?

    mutating func add(_ other: SearchCounts) {
        transitions += other.transitions
        runs += other.runs
        steps += other.steps
        recalled += other.recalled
        failures += other.failures
        depth = max(depth, other.depth)
    }
}
