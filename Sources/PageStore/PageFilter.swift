/// Which pages a recompression or a writeback is about.
public struct PageFilter: Sendable {
    /// What is to be done with them.
    public enum Purpose: Sendable, Equatable {
        /// Pages that no compressor of a priority from `belowPriority - 1` on was tried on.
        case recompress(belowPriority: Int)
        /// Pages in memory.
        case writeBack
    }

    /// What is to be done.
    public var purpose: Purpose
    /// Only pages that were not accessed since they were marked idle.
    public var isIdle = false
    /// Only pages that are stored raw.
    public var isHuge = false
    /// Only pages that no compressor makes smaller.
    public var isIncompressible = false

    /// All pages that the purpose allows.
    public init(_ purpose: Purpose) { self.purpose = purpose }

    /// The kernel's `scan_slots_for_recompress` and `scan_slots_for_writeback`.
    func admits(_ entry: PageEntry) -> Bool {
        // Same-filled pages and those on the backing device are out of the question.
        guard entry.isStored else { return false }
        if isIdle, !entry.isIdle { return false }
        if isHuge, !entry.isHuge { return false }
        switch purpose {
        case .writeBack: return !isIncompressible || entry.isIncompressible
        case .recompress(let end): return !entry.isIncompressible && entry.priority + 1 < end
        }
    }
}

/// Pages of a range that a filter admits.
public struct PageSelection: Sendable {
    /// Which pages.
    public var filter: PageFilter
    /// Where; nil for the whole disk.
    public var range: Range<UInt64>?

    /// Pages of a range, or of the whole disk.
    public init(_ filter: PageFilter, in range: Range<UInt64>? = nil) {
        self.filter = filter
        self.range = range
    }
}
