/// What went wrong at the end of one schedule.
public struct Failure: Codable, Sendable, Equatable {
    /// The kind.
    public let verdict: Verdict
    /// Who and what.
    public let what: String
    /// The task in whose step it was seen, as schedules number them.
    public let task: Int
}
