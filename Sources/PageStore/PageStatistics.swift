/// The nine fields of `mm_stat`, each in its own unit.
public struct PageStatistics: Sendable, Equatable, Codable {
    /// Bytes of the pages that were written and not discarded; same-filled pages count, as in zram.
    public var origDataSize: UInt64 = 0
    /// Bytes of their compressed form; a huge page counts in full, a same-filled page not at all.
    public var comprDataSize: UInt64 = 0
    /// Bytes of memory that zram would use for them: whole pages (`zs_get_total_pages`).
    public var memUsedTotal: UInt64 = 0
    /// The limit in bytes, 0 for none.
    public var memLimit: UInt64 = 0
    /// The largest `memUsedTotal` since the last reset of the maximum, in bytes.
    public var memUsedMax: UInt64 = 0
    /// Pages stored as one word.
    public var samePages: UInt64 = 0
    /// Pages that compaction freed.
    public var pagesCompacted: UInt64 = 0
    /// Incompressible pages stored at the moment.
    public var hugePages: UInt64 = 0
    /// Incompressible pages stored since the table was made.
    public var hugePagesSince: UInt64 = 0

    /// All zero, as of a disk that nobody has written to.
    public init() {}
}
