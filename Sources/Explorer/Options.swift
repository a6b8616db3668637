/// How to explore.
public struct ExploreOptions: Codable, Sendable {
    /// What makes the search shorter.
    public var reductions = Reductions.all
    /// Every so many recalled steps one is taken after all, and compared with what was recalled; 1: all.
    public var checkEvery = 4096
    /// Threads; each has its own machines.
    public var threads = 1
    /// Bytes that the process may take for it; beyond, the search ends undecided.
    public var memory = 2 << 30
    /// Seconds that it may take; beyond, it ends undecided.
    public var seconds = Double.infinity
    /// Look for the shortest schedule of each failure too.
    public var isMinimising = true
    /// How many runs that may take; beyond, the shortest schedule found so far is given, and not called minimal.
    public var minimisingRuns = 200_000

    /// All reductions, one thread.
    public init() {}
}
