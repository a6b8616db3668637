import Synchronization
import SystemPackage

/// Images that outlive their user: `-o keep`.
extension Image {
    /// Opens an image that keeps its disks, and creates the file if there is none.
    ///
    /// What it keeps is found in its log, so that it does not matter how its last user ended: everything is there that
    /// a `flush` had returned for, and perhaps more.
    /// - Parameters:
    ///   - path: a regular file, or nothing yet. An image that was volatile, as all without this are, is emptied.
    ///   - capacity: the length that the file may grow to, in bytes; nil: as the host allows.
    ///   - options: for the tables that are found; their levels and limits are those that were kept.
    ///   - onProgress: told of the bytes that were searched, and of all.
    /// - Throws: `ImageError`; the file is then as it was.
    public static func keeping(
        _ path: String, capacity: UInt64? = nil, options: TableOptions = TableOptions(),
        onProgress: ((UInt64, UInt64) -> Void)? = nil
    ) throws(ImageError) -> Image {
        try keeping(path, ImageFile.claim(path), capacity, options, onProgress)
    }

    static func keeping(
        _ path: String, _ claimed: (ImageFile, Superblock?), _ capacity: UInt64? = nil,
        _ options: TableOptions = TableOptions(), _ onProgress: ((UInt64, UInt64) -> Void)? = nil
    ) throws(ImageError) -> Image {
        let (file, before) = claimed
        guard let before, before.flags & Superblock.kept != 0 else {
            do throws(Errno) {
                return try begin(path, file, capacity)
            } catch {
                throw .host(path, "write the image", error)
            }
        }
        let recovery = Recovery(path, file, before, for: .use, capacity: capacity, options)
        recovery.onProgress = onProgress
        let image = try recovery.run()
        try image.enter()
        return image
    }

    /// Says in the file that somebody uses it.
    func enter() throws(ImageError) {
        do throws(Errno) {
            try state.withLock { state throws(Errno) in
                state.superblock.state = .inUse
                state.superblock.digest = nil
                try state.superblock.write(to: file)
                // Before anything changes: what a proper end says of the pages no longer holds then.
                try file.synchronize()
            }
        } catch {
            throw .host(path, "write the image", error)
        }
    }

    private static func begin(_ path: String, _ file: ImageFile, _ capacity: UInt64?) throws(Errno) -> Image {
        var superblock = Superblock(state: .inUse)
        superblock.flags = Superblock.kept
        try file.truncate(to: 0)
        try file.truncate(to: UInt64(LogState.segmentSize))
        try superblock.write(to: file)
        let log = SegmentLog(keeping: file, salt: superblock.salt, capacity: capacity)
        try log.adoptLength()
        try log.ensureReserve()
        try log.synchronize()
        let directory = TableDirectory(file: file, log: log)
        return Image(keeping: path, file: file, superblock: superblock, directory, log, nextTable: 1)
    }

    /// Gathers the live pages of thinly used segments of all disks.
    /// - Returns: the bytes that this freed.
    /// - Throws: the error of the host.
    public func compact() throws(Errno) -> UInt64 {
        let freed = UInt64(log.compact() * LogState.segmentSize)
        try log.synchronize()
        return freed
    }

    /// Whether somebody else has made the file shorter while it was in use: nothing is promised from then on.
    public var isCutOff: Bool { log.isCutOff }

    /// Whether the disks outlive the image's user.
    public var keepsDisks: Bool { log.keeps }

    /// The disks that the image has and nobody uses.
    public var keptDisks: [TableInfo] { kept.withLock { $0.values.map(\.info) }.sorted { $0.disk < $1.disk } }

    /// Hands a kept table out to its disk; nil if there is none. It is the disk's until `giveBack`, or `free`.
    public func takeKept(disk: String) -> PageTable? {
        let table = kept.withLock { $0.removeValue(forKey: disk) }
        table?.backing?.isKept.store(false, ordering: .releasing)
        return table
    }

    /// The disk is gone for now; its pages stay. Nothing may use the table until it is taken again.
    public func giveBack(_ table: PageTable) {
        guard log.keeps, !table.isGone else { return }
        table.backing?.isKept.store(true, ordering: .releasing)
        kept.withLock { $0[table.disk] = table }
    }

    /// Says of each record that turns out not to be what was written: the disk, the page, the offset in the image.
    ///
    /// Called on the thread that reads, which gets `EIO`.
    public func onDamage(_ body: @escaping @Sendable (_ disk: String, _ page: UInt64, _ offset: UInt64) -> Void) {
        log.onDamage.withLock { $0 = body }
    }
}
