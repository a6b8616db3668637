import Synchronization
import SystemPackage

/// Where the bytes of a disk live. May be used from any thread.
public protocol BlockPages: AnyObject, Sendable {
    /// Fills the buffer from an offset in bytes.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno)
    /// Stores the buffer at an offset in bytes.
    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno)
    /// Drops the whole pages of a range, zeroes the rest; returns how many pages were dropped.
    func discard(at offset: UInt64, length: UInt64) throws(Errno) -> UInt64
    /// Makes what was written safe.
    func flush() throws(Errno)
}

/// The side of a disk that does not go through the simulated kernel: pages move on many threads at once.
public final class DiskData: Sendable {
    private let pages = Mutex<((any BlockPages)?, UInt64)>((nil, 0))
    /// Requests by kind: `stat` and `io_stat` show them.
    public let counters = DiskCounters()

    /// A disk without pages, of size 0.
    public init() {}

    /// Bytes of the disk.
    public var size: UInt64 { pages.withLock { $0.1 } }

    /// Gives the disk its pages and its size in bytes, or takes them.
    public func set(_ new: (any BlockPages)?, size: UInt64) { pages.withLock { $0 = (new, size) } }

    /// Sets the size alone.
    public func setSize(_ size: UInt64) { pages.withLock { $0.1 = size } }

    var current: ((any BlockPages)?, UInt64) { pages.withLock { $0 } }
}

/// Counts of requests, in the order of `/sys/block/X/stat`.
public final class DiskCounters: Sendable {
    /// Finished requests.
    public let reads = Atomic<UInt64>(0)
    /// Sectors of 512 bytes read.
    public let sectorsRead = Atomic<UInt64>(0)
    /// Finished requests.
    public let writes = Atomic<UInt64>(0)
    /// Sectors of 512 bytes written.
    public let sectorsWritten = Atomic<UInt64>(0)
    /// Finished discards.
    public let discards = Atomic<UInt64>(0)
    /// Sectors discarded.
    public let sectorsDiscarded = Atomic<UInt64>(0)
    /// Reads that failed.
    public let failedReads = Atomic<UInt64>(0)
    /// Writes that failed.
    public let failedWrites = Atomic<UInt64>(0)
    /// Pages dropped by discards.
    public let notifyFree = Atomic<UInt64>(0)
    /// Requests in flight.
    public let inFlight = Atomic<Int>(0)

    /// Zeroes what `stat` shows, but for what is in flight. The kernel's `part_stat_set_all`.
    public func resetStatistics() {
        reads.store(0, ordering: .relaxed)
        sectorsRead.store(0, ordering: .relaxed)
        writes.store(0, ordering: .relaxed)
        sectorsWritten.store(0, ordering: .relaxed)
        discards.store(0, ordering: .relaxed)
        sectorsDiscarded.store(0, ordering: .relaxed)
    }

    /// Zeroes what `io_stat` shows. The `memset` of zram's statistics.
    public func resetFailures() {
        failedReads.store(0, ordering: .relaxed)
        failedWrites.store(0, ordering: .relaxed)
        notifyFree.store(0, ordering: .relaxed)
    }
}
