import Synchronization
import SystemPackage

/// The pages of one disk.
///
/// Any number of threads may read, write and discard at once; operations on one page take effect in some order, each
/// as a whole. After `free`, or after the image was closed, every operation throws `EIO`.
///
/// The corresponding kernel structures are `zram_table_entry` and `zs_pool`.
public final class PageTable: Sendable {
    /// The disk that the pages belong to.
    public let disk: String
    /// The number of pages of the disk.
    public let pages: UInt64
    /// What pages are compressed with.
    public let algorithm: Algorithm

    /// Never used twice in one life of the image.
    let id: UInt32
    let log: SegmentLog
    let directory: TableDirectory
    let map: PageMap
    let locks = StripedLocks()
    let accounts = Guarded(Accounts())
    let compressor: Compressor
    /// The level that was asked for.
    private let level: Int32?
    /// Compressors of `recompress`, by priority.
    let secondary: [Int: Compressor]
    /// Where pages are written back to.
    public let backing: BackingFile?
    let times: AccessTimes?
    /// Of an image that is kept: where the pages were when the image was closed.
    let digest = Atomic<UInt64>(0)
    /// It is being filled, and does not outlive an image that is closed before that has ended.
    private let isIncomplete: Atomic<Bool>
    /// The map is gone. Set under all page locks, read under one.
    private let isDetached = Atomic(false)

    init(
        info: TableInfo, options: TableOptions = TableOptions(), log: SegmentLog, directory: TableDirectory
    ) throws(Errno) {
        disk = info.disk
        pages = info.pages
        algorithm = info.algorithm
        id = info.id
        self.log = log
        self.directory = directory
        compressor = Compressor(info.algorithm, level: info.level)
        secondary = options.secondary
        backing = options.backing
        let map = try PageMap(pages: info.pages)
        do throws(Errno) {
            times = options.tracksAccess ? try AccessTimes(pages: info.pages) : nil
        } catch {
            map.unmap()
            throw error
        }
        self.map = map
        level = info.level
        isIncomplete = Atomic(options.isIncomplete)
        accounts.withLock { $0.limitPages = info.memLimit / UInt64(PageGeometry.pageSize) }
    }

    deinit {
        guard !isGone else { return }
        map.unmap()
        times?.unmap()
    }

    @inline(__always)
    var isGone: Bool { isDetached.load(ordering: .acquiring) }

    func markGone() { isDetached.store(true, ordering: .releasing) }

    /// The counters of `mm_stat`, all of one moment.
    public var statistics: PageStatistics {
        accounts.withLock { $0.statistics }
    }

    /// What the directory of the image says of this table.
    var info: TableInfo {
        let counters = accounts.withLock { $0 }
        return TableInfo(
            id: id,
            disk: disk,
            pages: pages,
            algorithm: algorithm,
            level: level,
            memLimit: counters.statistics.memLimit,
            backing: backing?.path,
            storedPages: counters.pages,
            storedBytes: counters.compressedBytes
        )
    }

    /// What the directory says of it, beside the facts, while the image is in use and when it is closed.
    var condition: (now: TableDirectory.Condition, atEnd: TableDirectory.Condition) {
        if !log.keeps { return (.live, .leaked) }
        return isIncomplete.load(ordering: .acquiring) ? (.incomplete, .incomplete) : (.kept, .kept)
    }

    /// Ends the filling of a table that was made incomplete: from now on it is kept, with all that is in it.
    /// - Throws: an error of the host; it stays incomplete.
    public func complete() throws(Errno) {
        try flush()
        try locks.withLock(of: 0) { () throws(Errno) in
            if isGone { throw .ioError }
            if log.keeps { try directory.update(info) }
            isIncomplete.store(false, ordering: .releasing)
        }
    }

    /// Limits the memory of the stored pages, in pages of 4096 bytes; 0 for no limit.
    ///
    /// What is stored already stays, even if it is more. If the image is kept, so is the limit: it is on the host's disk
    /// when this returns. The kernel function is `mem_limit_store`.
    /// - Throws: if the image is kept, an error of the host, and `EIO` after `free`; the limit is then what it was.
    public func setLimit(pages limit: UInt64) throws(Errno) {
        // A page lock, any of them, keeps `free` and `close` out: a table that is gone must not be entered again.
        try locks.withLock(of: 0) { () throws(Errno) in
            if log.keeps, isGone { throw .ioError }
            let old = accounts.withLock { counters in
                defer { counters.limitPages = limit }
                return counters.limitPages
            }
            guard log.keeps, limit != old else { return }
            do throws(Errno) {
                try directory.update(info, condition.now)
            } catch {
                accounts.withLock { $0.limitPages = old }
                try? directory.update(info, condition.now)
                throw error
            }
        }
    }

    /// Starts the maximum anew from what is used at the moment. The kernel function is `mem_used_max_store`.
    public func resetMaxUsed() {
        accounts.withLock { $0.maximumPages = $0.usedPages }
    }

    /// Gathers the live pages of thinly used segments, and gives the space back to the host.
    /// - Returns: the pages of the image that this freed.
    ///
    /// The kernel function is `zs_compact`.
    @discardableResult
    public func compact() -> UInt64 {
        guard !isGone else { return 0 }
        let freed = UInt64(log.compact() * (LogState.segmentSize / PageGeometry.pageSize))
        accounts.withLock { $0.pagesCompacted += freed }
        return freed
    }

    /// Waits until what was written is safe: on the host's disk, if the image is kept. Nothing of a volatile disk
    /// outlives the image's user, so that there is nothing to wait for.
    /// - Throws: `EIO` after `free`, and for ever once the host has failed to keep something.
    public func flush() throws(Errno) {
        if isGone { throw .ioError }
        if log.keeps { try log.synchronize() }
    }
}
