import DriverModel
import SystemPackage

/// The pages of one device.
public protocol ZramPool: BlockPages {
    /// What `mm_stat` shows.
    var statistics: ZramPoolStatistics { get }
    /// Limits the pool to that many pages; 0 for no limit.
    ///
    /// - Throws: an error of the host, if the limit is kept and cannot be; it is then what it was.
    func setLimit(pages: UInt64) throws(Errno)
    /// Sets the high-water mark to what is used now.
    func resetMaxUsed()
    /// Makes the pool smaller if it can be.
    func compact()
    /// Marks pages as idle: all, or those that were not accessed for so many seconds; without
    /// `inMemoryOnly` also same-filled ones and those on the backing device.
    func markIdle(age: UInt64?, inMemoryOnly: Bool)
    /// The pages that a post-processing is about, in the order in which it takes them, each with the selection that it
    /// comes from.
    func select(_ selections: [ZramPageSelection]) -> [(page: UInt64, selection: Int)]
    /// The first page of a range that a filter admits; nil if there is none.
    func next(_ filter: ZramPageFilter, in range: Range<UInt64>) -> UInt64?
    /// Compresses one page anew; says whether that was tried.
    func recompress(
        page: UInt64, filter: ZramPageFilter, threshold: UInt32, priorities: Range<Int>
    ) throws(Errno) -> Bool
    /// Moves one page to the backing device; false if the page is not what the filter asks for any more.
    func writeBack(page: UInt64, filter: ZramPageFilter) throws(Errno) -> Bool
    /// What `block_state` says of each stored page, in order.
    func states() -> [ZramPageState]
    /// Drops everything.
    func free()
    /// The module goes away and the disk with it: what the image keeps stays, the rest is dropped.
    func giveBack()
}

extension ZramPool {
    /// Drops everything, as zram does.
    public func giveBack() { free() }
}

/// What `mm_stat` shows, in its units.
public struct ZramPoolStatistics: Sendable {
    /// Bytes stored, uncompressed.
    public var originalSize: UInt64 = 0
    /// Bytes after compression.
    public var compressedSize: UInt64 = 0
    /// Bytes of the pool, whole pages.
    public var usedTotal: UInt64 = 0
    /// High-water mark of the pool, in bytes.
    public var usedMax: UInt64 = 0
    /// Pages that hold one repeated word.
    public var samePages: UInt64 = 0
    /// Pages that compaction freed.
    public var pagesCompacted: UInt64 = 0
    /// Incompressible pages now.
    public var hugePages: UInt64 = 0
    /// Incompressible pages ever.
    public var hugePagesSince: UInt64 = 0

    /// All zero.
    public init() {}
}

/// Which pages a post-processing is about. The kernel's `RECOMPRESS_*` and `*_WRITEBACK` modes.
public struct ZramPageFilter: Sendable {
    /// Pages that no compressor from this priority less one on was tried on; nil: for writing back.
    public var belowPriority: Int?
    /// Idle pages alone.
    public var isIdle = false
    /// Huge pages alone.
    public var isHuge = false
    /// Incompressible pages alone.
    public var isIncompressible = false
}

/// Pages of a range that a filter admits; of the whole disk without one.
public struct ZramPageSelection: Sendable {
    /// Which pages.
    public var filter = ZramPageFilter()
    /// Where.
    public var range: Range<UInt64>?

    /// All that are stored.
    public init() {}
}

/// What `block_state` says of a page.
public struct ZramPageState: Sendable {
    /// The page.
    public var page: UInt64
    /// When it was accessed last, in microseconds since boot; 0 if that is not tracked.
    public var microseconds: UInt64
    /// One letter each, in the order of the file: same, written back, huge, idle, recompressed, incompressible.
    public var flags: (s: Bool, w: Bool, h: Bool, i: Bool, r: Bool, n: Bool)

    /// The state of a page.
    public init(
        page: UInt64, microseconds: UInt64, flags: (s: Bool, w: Bool, h: Bool, i: Bool, r: Bool, n: Bool)
    ) {
        self.page = page
        self.microseconds = microseconds
        self.flags = flags
    }
}
