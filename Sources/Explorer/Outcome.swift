/// What an exploration found.
public struct Outcome: Codable, Sendable {
    /// One kind of failure, with a schedule that ends in it.
    public struct Finding: Codable, Sendable {
        /// What goes wrong.
        public let failure: Failure
        /// Replays it.
        public let schedule: Schedule
        /// How often a task was interrupted that could have gone on; nil if nobody counted.
        public let preemptions: Int?
        /// No schedule that ends in this has fewer preemptions, and none with as few has fewer steps.
        public let isMinimal: Bool
    }

    /// The scenario's name.
    public let scenario: String
    /// The patches, in order.
    public let patches: [String]
    /// `proved`, or the kinds of failure, worst first.
    public let verdicts: [Verdict]
    /// A schedule for each kind of failure.
    public let findings: [Finding]
    /// The search in numbers.
    public let counts: SearchCounts
    /// What made it shorter.
    public let reductions: Reductions
    /// A step that did something else than was recalled, if one did: the search was done again without recalling.
    public let mistake: String?
    /// Not everything was looked at: there may be more findings.
    public let isCut: Bool
    /// Repeated, the search gives the same numbers: it had one thread, and began at the beginning.
    public let isRepeatable: Bool
    /// What the search reached.
    public let coverage: Coverage
    /// Commands that failed in every schedule that was looked at, such as `remover.sh:1 never succeeded: ENOENT`; but for
    /// those of which `expected` says so.
    public let neverSucceeded: [String]
    /// Stands for scenario, patches and program.
    public let digest: String
    /// Stands for the set of final states.
    public let finals: String

    /// True if all schedules were covered and none fails.
    public var isProved: Bool { verdicts == [.proved] }
    /// Why the scripts cannot be explored, with file and line; nil if they can.
    public var invalid: String? { findings.first { $0.failure.verdict == .invalid }?.failure.what }
}
