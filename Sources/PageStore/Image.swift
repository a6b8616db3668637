import SystemPackage

/// One sparse file that holds the compressed pages of all disks of a mount.
///
/// The image is volatile, as zram is: a new user starts with an empty one, whatever the last one left. What was
/// never freed stays in the file after `close`, for `inspect` to show.
public final class Image: Sendable {
    /// The file, as it was named; the directory, for a temporary image.
    public let path: String

    let file: ImageFile
    let log: SegmentLog
    let directory: TableDirectory
    let state: Guarded<State>
    /// Tables that nobody uses at the moment, by disk; only an image that is kept has any.
    let kept = Guarded<[String: PageTable]>([:])

    struct State {
        var superblock: Superblock
        var nextTable: UInt32 = 1
        var isClosed = false
        /// Tables that were never freed, once the image is closed.
        var leaked: [TableInfo] = []
    }

    /// Opens an image, and creates the file if there is none.
    ///
    /// An empty file, and an image that nobody uses, is taken over and emptied. The lock on it is held until `close`.
    /// - Parameters:
    ///   - path: a regular file, or nothing yet.
    ///   - capacity: the length that the file may grow to, in bytes; writes beyond it fail with `ENOSPC`. nil: as the
    ///     host allows.
    /// - Throws: `ImageError`; a file that is not an image, or one that keeps disks, is left as it is.
    public convenience init(creating path: String, capacity: UInt64? = nil) throws(ImageError) {
        try self.init(creating: path, capacity: capacity, isBuffered: true, hasKeeper: true)
    }

    /// - Parameters:
    ///   - isBuffered: whether segments are in memory until they are full.
    ///   - hasKeeper: whether a thread writes them then.
    convenience init(
        creating path: String, capacity: UInt64? = nil, isBuffered: Bool, hasKeeper: Bool = false
    ) throws(ImageError) {
        let (file, before) = try ImageFile.claim(path)
        if let before, before.flags & Superblock.kept != 0 {
            throw ImageError(
                .keepsDisks, path: path, "this image keeps its disks, and was left as it is",
                remedy: "mount it with -o keep, or name another file")
        }
        try self.init(path: path, file: file, capacity: capacity, isBuffered, hasKeeper)
    }

    /// Makes a private image that no other process can see, and that is gone with this one.
    /// - Parameters:
    ///   - directory: where the host should keep its blocks.
    ///   - capacity: as for a named image.
    public convenience init(temporary directory: String, capacity: UInt64? = nil) throws(ImageError) {
        try self.init(temporary: directory, capacity: capacity, isBuffered: true, hasKeeper: true)
    }

    convenience init(
        temporary directory: String, capacity: UInt64? = nil, isBuffered: Bool, hasKeeper: Bool = false
    ) throws(ImageError) {
        let file = try ImageFile.temporary(in: directory)
        try self.init(path: directory, file: file, capacity: capacity, isBuffered, hasKeeper)
    }

    private init(
        path: String, file: ImageFile, capacity: UInt64?, _ isBuffered: Bool, _ hasKeeper: Bool
    ) throws(ImageError) {
        let superblock = Superblock(state: .inUse)
        do {
            try file.truncate(to: 0)
            try superblock.write(to: file)
            try file.truncate(to: UInt64(LogState.segmentSize))
            log = try SegmentLog(
                file: file, salt: superblock.salt, capacity: capacity, isBuffered: isBuffered, hasKeeper: hasKeeper)
        } catch {
            throw .host(path, "write the image", error)
        }
        self.path = path
        self.file = file
        directory = TableDirectory(file: file, log: log)
        state = Guarded(State(superblock: superblock))
    }

    /// Takes over what a recovery found, or an empty file.
    init(
        keeping path: String, file: ImageFile, superblock: Superblock, _ directory: TableDirectory, _ log: SegmentLog,
        nextTable: UInt32
    ) {
        self.path = path
        self.file = file
        self.log = log
        self.directory = directory
        state = Guarded(State(superblock: superblock, nextTable: nextTable))
    }

    deinit {
        // Dropped without close: as if the process had been killed.
        shut()
    }

    /// Makes an empty table for a disk; memory is used only as pages are written.
    /// - Parameters:
    ///   - disk: the disk's name; up to 64 bytes of it are kept in the image.
    ///   - pages: the size of the disk.
    ///   - options: more than one compressor, a backing device.
    /// - Throws: `ENOMEM` if the table could never fit into memory; `EIO` if the image is closed; an error of the host.
    ///
    /// The kernel function is `zram_meta_alloc`.
    public func makeTable(
        disk: String, pages: UInt64, algorithm: Algorithm, options: TableOptions = TableOptions()
    ) throws(Errno) -> PageTable {
        try state.withLock { state throws(Errno) in
            guard !state.isClosed else { throw .ioError }
            let info = TableInfo(
                id: state.nextTable,
                disk: disk,
                pages: pages,
                algorithm: algorithm,
                level: options.level,
                memLimit: options.limitPages &* UInt64(PageGeometry.pageSize),
                backing: options.backing?.path,
                storedPages: 0,
                storedBytes: 0
            )
            try note(info, options, in: &state)
            let table = try PageTable(info: info, options: options, log: log, directory: directory)
            state.nextTable += 1
            log.marks?.note(nextTable: UInt64(state.nextTable))
            try directory.add(info, table.condition.now)
            log.tables.withLock { $0[info.id] = table }
            return table
        }
    }

    /// Says in the superblock of an image that is kept what earlier versions must know not to touch it.
    private func note(_ info: TableInfo, _ options: TableOptions, in state: inout State) throws(Errno) {
        guard log.keeps else { return }
        var flags = state.superblock.flags
        if info.backing != nil { flags |= Superblock.backed }
        if ([info.algorithm] + options.secondary.values.map(\.algorithm)).contains(where: { RecordKind($0) == .lzo }) {
            flags |= Superblock.lzo
        }
        guard flags != state.superblock.flags else { return }
        state.superblock.flags = flags
        try state.superblock.write(to: file)
    }
}
