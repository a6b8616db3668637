import Glibc
import Synchronization
import SystemPackage

/// The block device that pages are written back to, uncompressed, a block of 4 KiB each.
///
/// A regular file does as well. The kernel's `backing_dev`, its `bitmap`, and the counters of `bd_stat`.
public final class BackingFile: Sendable {
    /// Blocks of the device. Block 0 is never used, as in the kernel, where it would look like an empty entry.
    public let blocks: UInt64
    /// The device, from the root on.
    public let path: String

    let file: ImageFile
    private let books: Guarded<Books>
    private let reads = Atomic<UInt64>(0)
    private let writes = Atomic<UInt64>(0)

    private struct Books {
        var used: [UInt64]
        var count: UInt64 = 0
        /// No word before this one has a free bit.
        var firstFree = 0
        /// Blocks that may be used again when the records that no longer name them are on the host's disk.
        var retired: [UInt64] = []
        /// How often each block is being read.
        var pinned: [UInt64: Int] = [:]
        /// Blocks that were given back meanwhile.
        var condemned: Set<UInt64> = []

        mutating func free(_ block: UInt64) {
            let word = Int(block / 64)
            used[word] &= ~(1 << (block % 64))
            firstFree = min(firstFree, word)
        }
    }

    /// A writeback at a time: whoever finds a page marked knows that he marked it.
    let writeback = Guarded<Void>(())
    /// Whether the image keeps the disk that has pages here, until its driver comes back.
    let isKept = Atomic(false)

    /// Opens a block device for this user alone, or a regular file.
    ///
    /// - Parameter old: what the same user had before: the same device is not somebody else's, and given again.
    /// - Throws: what opening says (`ENOENT`, `EACCES`, `EBUSY` ...); `ENOTBLK` for any other kind of file; `EINVAL` if
    ///   there is not even one block.
    ///
    /// The kernel function is `backing_dev_store`.
    public init(opening path: String, inPlaceOf old: BackingFile? = nil) throws(Errno) {
        guard let real = realpath(path, nil) else { throw Errno(rawValue: errno) }
        self.path = String(cString: real)
        free(real)
        var info = stat()
        guard stat(path, &info) == 0 else { throw Errno(rawValue: errno) }
        let kind = info.st_mode & S_IFMT
        if kind == S_IFDIR { throw .isDirectory }
        guard kind == S_IFBLK || kind == S_IFREG else { throw .notBlockDevice }
        let exclusive = kind == S_IFBLK ? O_EXCL : 0
        let known = old.flatMap { $0.isSame(info) ? $0.file.descriptor : nil }
        let descriptor =
            known.map { fcntl($0, F_DUPFD_CLOEXEC, 0) }
            ?? Glibc.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | exclusive)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        file = ImageFile(owning: descriptor)
        // What O_EXCL is for a block device.
        if kind == S_IFREG, !file.tryLock(exclusive: true) { throw .resourceBusy }
        let length = lseek(descriptor, 0, SEEK_END)
        guard length >= 0 else { throw Errno(rawValue: errno) }
        blocks = UInt64(length) >> PageGeometry.pageShift
        guard blocks > 0 else { throw .invalidArgument }
        books = Guarded(Books(used: [UInt64](repeating: 0, count: Int((blocks + 63) / 64))))
    }

    private func isSame(_ other: stat) -> Bool {
        var info = stat()
        guard fstat(file.descriptor, &info) == 0, info.st_mode & S_IFMT == other.st_mode & S_IFMT else { return false }
        if other.st_mode & S_IFMT == S_IFBLK { return info.st_rdev == other.st_rdev }
        return info.st_dev == other.st_dev && info.st_ino == other.st_ino
    }

    /// Lets the device go: others may have it from now on. What still reads or writes gets `EIO`. Nothing happens while
    /// the image keeps a disk with pages on it, whose driver is gone. The kernel's `reset_bdev`.
    public func close() {
        if isKept.load(ordering: .acquiring) { return }
        // In the descriptor's place, so that whoever is about to use it hits nothing else.
        let nothing = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
        guard nothing >= 0 else { return file.unlock() }
        _ = dup2(nothing, file.descriptor)
        _ = fcntl(file.descriptor, F_SETFD, FD_CLOEXEC)
        Glibc.close(nothing)
    }

    /// Whether all blocks are in use, and none will come back with a wait for the image.
    public var isFull: Bool {
        books.withLock { books in
            books.retired.isEmpty
                && !(books.firstFree..<books.used.count).contains { word in
                    let free = ~books.used[word] & (word == 0 ? ~1 : .max)
                    return free != 0 && UInt64(word * 64 + free.trailingZeroBitCount) < blocks
                }
        }
    }

    /// What `bd_stat` shows, in pages: on the device now, read from it, written to it.
    public var statistics: (count: UInt64, reads: UInt64, writes: UInt64) {
        (books.withLock { $0.count }, reads.load(ordering: .relaxed), writes.load(ordering: .relaxed))
    }

    /// Takes a free block; nil if there is none. The kernel's `alloc_block_bdev`.
    func allocate() -> UInt64? {
        books.withLock { books in
            for word in books.firstFree..<books.used.count {
                let free = ~books.used[word] & (word == 0 ? ~1 : .max)
                guard free != 0 else { continue }
                let block = UInt64(word * 64 + free.trailingZeroBitCount)
                guard block < blocks else { return nil }
                books.used[word] |= 1 << (block % 64)
                books.firstFree = word
                books.count += 1
                return block
            }
            books.firstFree = books.used.count
            return nil
        }
    }

    /// Gives a block back. The kernel's `free_block_bdev`.
    func release(_ block: UInt64) {
        books.withLock { books in
            books.count -= 1
            if books.pinned[block] != nil { books.condemned.insert(block) } else { books.free(block) }
        }
    }

    /// Somebody reads the block: until he has, nobody gets it anew.
    func pin(_ block: UInt64) { books.withLock { $0.pinned[block, default: 0] += 1 } }

    func unpin(_ block: UInt64) {
        books.withLock { books in
            let count = books.pinned[block]! - 1
            books.pinned[block] = count > 0 ? count : nil
            if count == 0, books.condemned.remove(block) != nil { books.free(block) }
        }
    }

    /// Nobody wants a block any more, but a crash can bring a record back that names it.
    func retire(_ block: UInt64) {
        books.withLock { books in
            // Of a damaged image two records may name one block, or one that was none of its pages' before.
            books.count -= min(1, books.count)
            books.retired.append(block)
        }
    }

    /// Hands over what was retired so far: to `recycle` after a wait for the image, or to `keepRetired`.
    func takeRetired() -> [UInt64] {
        books.withLock { books in
            defer { books.retired = [] }
            return books.retired
        }
    }

    func keepRetired(_ blocks: [UInt64]) { books.withLock { $0.retired += blocks } }

    func recycle(_ blocks: [UInt64]) {
        books.withLock { $0.count += UInt64(blocks.count) }
        for block in blocks { release(block) }
    }

    /// A recovery found a record that names the block.
    func claim(_ block: UInt64) {
        books.withLock { books in
            guard block < blocks else { return }
            books.used[Int(block / 64)] |= 1 << (block % 64)
            books.count += 1
        }
    }

    /// No page is here any more.
    func releaseAll() {
        books.withLock { books in
            var next = Books(used: [UInt64](repeating: 0, count: books.used.count))
            next.pinned = books.pinned
            next.condemned = Set(books.pinned.keys)
            for block in next.condemned { next.used[Int(block / 64)] |= 1 << (block % 64) }
            books = next
        }
    }

    func read(_ block: UInt64, into page: UnsafeMutableRawPointer) throws(Errno) {
        reads.add(1, ordering: .relaxed)
        try file.read(at: block << PageGeometry.pageShift, into: page, count: PageGeometry.pageSize)
    }

    func write(_ block: UInt64, from page: UnsafeRawPointer) throws(Errno) {
        try file.write(at: block << PageGeometry.pageShift, from: page, count: PageGeometry.pageSize)
        writes.add(1, ordering: .relaxed)
    }
}
