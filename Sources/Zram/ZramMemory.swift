import DriverModel
import SystemPackage

/// Where pages are kept: the compressed image, or nothing while exploring. The kernel's zsmalloc.
public protocol ZramMemory: AnyObject {
    /// The compressors that can be chosen.
    var algorithms: [String] { get }
    /// Makes the pool and the table of one device.
    ///
    /// - Throws: `ENOMEM` if there is no room for the table.
    func makePool(disk: String, pages: UInt64, algorithm: String) throws(Errno) -> any ZramPool
}

/// The pages of one device.
public protocol ZramPool: BlockPages {
    /// What `mm_stat` shows.
    var statistics: ZramPoolStatistics { get }
    /// Limits the pool to that many pages; 0 for no limit.
    func setLimit(pages: UInt64)
    /// Sets the high-water mark to what is used now.
    func resetMaxUsed()
    /// Makes the pool smaller if it can be.
    func compact()
    /// Marks all pages as idle.
    func markIdle()
    /// Drops everything.
    func free()
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

/// Keeps nothing: for explorations, where only the order of operations matters.
public final class EmptyMemory: ZramMemory {
    /// The compressors that can be chosen.
    public let algorithms = ["lz4", "lz4hc", "zstd"]

    /// A memory without pages.
    public init() {}

    /// A pool without pages.
    public func makePool(disk: String, pages: UInt64, algorithm: String) -> any ZramPool { EmptyPool() }

    private final class EmptyPool: ZramPool {
        var statistics: ZramPoolStatistics { ZramPoolStatistics() }
        func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
        }
        func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) {}
        func discard(at offset: UInt64, length: UInt64) -> UInt64 { 0 }
        func flush() {}
        func setLimit(pages: UInt64) {}
        func resetMaxUsed() {}
        func compact() {}
        func markIdle() {}
        func free() {}
    }
}
