import DriverModel
import SystemPackage

/// Where pages are kept: the compressed image, or nothing while exploring. The kernel's zsmalloc.
public protocol ZramMemory: AnyObject {
    /// The compressors that can be chosen.
    var algorithms: [String] { get }
    /// What opens that which pages are written back to: the host may take for ever over it.
    ///
    /// - Parameter old: what its user had before, if the same device may be given again.
    /// - Returns: what throws what opening says; `ENOTBLK` for what cannot be one; `EINVAL` if it has no room.
    func backing(
        _ path: String, inPlaceOf old: (any ZramBacking)?
    ) -> @Sendable () throws(Errno) -> any ZramBacking
    /// Makes the pool and the table of one device.
    ///
    /// - Throws: `ENOMEM` if there is no room for the table.
    func makePool(_ request: ZramPoolRequest) throws(Errno) -> any ZramPool
    /// Hands out what the image has kept of a disk, if it keeps disks at all.
    func takeKept(disk: String) -> ZramKeptPool?
}

extension ZramMemory {
    /// A memory that keeps nothing.
    public func takeKept(disk: String) -> ZramKeptPool? { nil }
}

/// What an image has kept of a disk.
public struct ZramKeptPool {
    /// The pages.
    public var pool: any ZramPool
    /// How many there are.
    public var pages: UInt64
    /// What they are compressed with.
    public var algorithm: String
    /// How many pages the pool may take; 0 for no limit.
    public var limitPages: UInt64
    /// What pages are written back to, and its path.
    public var backing: (device: any ZramBacking, path: String)?

    /// The pages of a disk.
    public init(
        pool: any ZramPool, pages: UInt64, algorithm: String, limitPages: UInt64,
        backing: (device: any ZramBacking, path: String)? = nil
    ) {
        self.pool = pool
        self.pages = pages
        self.algorithm = algorithm
        self.limitPages = limitPages
        self.backing = backing
    }
}

/// A device to which pages are written back.
public protocol ZramBacking: AnyObject, Sendable {
    /// Whether no block of it is free.
    var isFull: Bool { get }
    /// Lets it go.
    func close()
    /// What `bd_stat` shows, in pages of 4 KiB.
    var statistics: (count: UInt64, reads: UInt64, writes: UInt64) { get }
}

/// What a pool is to be like.
public struct ZramPoolRequest {
    /// The name of the disk.
    public var disk: String
    /// Its size.
    public var pages: UInt64
    /// How many pages the pool may take; 0 for no limit.
    public var limitPages: UInt64
    /// The compressors by priority; the first is always there.
    public var compressors: [Int: (name: String, level: Int32?)]
    /// What pages are written back to.
    public var backing: (any ZramBacking)?
}

/// Keeps nothing: for explorations, where only the order of operations matters.
public final class EmptyMemory: ZramMemory {
    /// The compressors that can be chosen.
    public let algorithms = ["lzo", "lzo-rle", "lz4", "lz4hc", "zstd"]

    /// A memory without pages.
    public init() {}

    /// There is nothing to open.
    public func backing(
        _ path: String, inPlaceOf old: (any ZramBacking)?
    ) -> @Sendable () throws(Errno) -> any ZramBacking {
        { () throws(Errno) in throw .noSuchFileOrDirectory }
    }

    /// A pool without pages.
    public func makePool(_ request: ZramPoolRequest) -> any ZramPool { EmptyPool() }

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
        func markIdle(age: UInt64?, inMemoryOnly: Bool) {}
        func select(_ selections: [ZramPageSelection]) -> [(page: UInt64, selection: Int)] { [] }
        func next(_ filter: ZramPageFilter, in range: Range<UInt64>) -> UInt64? { nil }
        func recompress(page: UInt64, filter: ZramPageFilter, threshold: UInt32, priorities: Range<Int>) -> Bool {
            false
        }
        func writeBack(page: UInt64, filter: ZramPageFilter) -> Bool { false }
        func states() -> [ZramPageState] { [] }
        func free() {}
    }
}
