import SystemPackage

/// Where the bytes of a disk live. May be used from any thread.
public protocol BlockPages: AnyObject, Sendable {
    /// Fills the buffer from an offset in bytes.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno)
    /// Stores the buffer at an offset in bytes.
    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno)
    /// Makes zeroes of a range: drops its whole pages, and says how many, and overwrites parts of pages.
    func discard(at offset: UInt64, length: UInt64) throws(Errno) -> UInt64
    /// Makes what was written safe.
    func flush() throws(Errno)
    /// Whether reading and writing may wait for another device.
    var mayWait: Bool { get }
}

extension BlockPages {
    /// Memory answers at once.
    public var mayWait: Bool { false }
}

/// The side of a disk that does not go through the simulated kernel: pages move on many threads at once.
public final class DiskData: Sendable {
    private let pages = ReadMostly<((any BlockPages)?, UInt64)>((nil, 0))
    /// Requests by kind: `stat` and `io_stat` show them.
    public let counters = DiskCounters()

    /// A disk without pages, of size 0.
    public init() {}

    /// Bytes of the disk.
    public var size: UInt64 { pages.read { $0.1 } }

    /// Gives the disk its pages and its size in bytes, or takes them.
    public func set(_ new: (any BlockPages)?, size: UInt64) { pages.change { $0 = (new, size) } }

    /// Sets the size alone.
    public func setSize(_ size: UInt64) { pages.change { $0.1 = size } }

    var current: ((any BlockPages)?, UInt64) { pages.read { $0 } }
}
