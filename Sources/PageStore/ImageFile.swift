import CPageStoreShims
import Glibc
import SystemPackage

/// The descriptor of an image: positioned reads and writes of whole buffers, holes, and the lock that keeps a second
/// daemon out. The lock and the descriptor go when the last user of the file does.
final class ImageFile: Sendable {
    let descriptor: Int32
    /// Told of each change before it is made; throws in place of the host. For tests, which set it before the file is
    /// used.
    nonisolated(unsafe) var observer: ((FileChange) throws(Errno) -> Void)?

    /// Takes over an open descriptor.
    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Reads exactly `count` bytes; a file that ends earlier is an `EIO`.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawPointer, count: Int) throws(Errno) {
        let got = try readAvailable(at: offset, into: buffer, count: count)
        guard got == count else { throw .ioError }
    }

    /// Reads up to `count` bytes, and says how many there were before the end of the file.
    func readAvailable(at offset: UInt64, into buffer: UnsafeMutableRawPointer, count: Int) throws(Errno) -> Int {
        var done = 0
        while done < count {
            let got = pread(descriptor, buffer + done, count - done, off_t(offset) + off_t(done))
            if got == 0 { break }
            if got < 0 {
                if errno == EINTR { continue }
                throw Errno(rawValue: errno)
            }
            done += got
        }
        return done
    }

    /// Writes exactly `count` bytes.
    func write(at offset: UInt64, from buffer: UnsafeRawPointer, count: Int) throws(Errno) {
        try observer?(.write(offset, UnsafeRawBufferPointer(start: buffer, count: count)))
        var done = 0
        while done < count {
            let put = pwrite(descriptor, buffer + done, count - done, off_t(offset) + off_t(done))
            if put < 0 {
                if errno == EINTR { continue }
                throw Errno(rawValue: errno)
            }
            done += put
        }
    }

    /// Writes a block of the image's own structures.
    func write(at offset: UInt64, _ block: [UInt8]) throws(Errno) {
        let result = block.withUnsafeBytes { bytes in
            Result { () throws(Errno) in try write(at: offset, from: bytes.baseAddress!, count: bytes.count) }
        }
        try result.get()
    }

    /// Gives the range's blocks back to the host; it reads as zeroes from now on.
    ///
    /// Where the host has no holes the range is overwritten, because a log scan must never meet old records.
    func punch(at offset: UInt64, count: UInt64) {
        if let observer, (try? observer(.punch(offset, count))) == nil { return }
        if zramfs_punch_hole(descriptor, off_t(offset), off_t(count)) == 0 { return }
        let end = min(offset + count, (try? size()) ?? 0)
        if offset < end { try? zero(at: offset, count: Int(end - offset)) }
    }

    /// Overwrites a range with zeroes; its blocks stay, or are asked for.
    func zero(at offset: UInt64, count: Int) throws(Errno) {
        let chunk = 1 << 16
        let zeroes = UnsafeMutableRawPointer.allocate(byteCount: chunk, alignment: 16)
        defer { zeroes.deallocate() }
        zeroes.initializeMemory(as: UInt8.self, repeating: 0, count: chunk)
        for position in stride(from: 0, to: count, by: chunk) {
            try write(at: offset + UInt64(position), from: zeroes, count: min(chunk, count - position))
        }
    }

    /// Asks the host for the blocks of a range, and extends the file over it.
    func allocate(at offset: UInt64, count: UInt64) throws(Errno) {
        let error = posix_fallocate(descriptor, off_t(offset), off_t(count))
        guard error == 0 else { throw Errno(rawValue: error) }
    }

    /// Asks the host for the blocks of a range, beyond the end of the file too; false if it has none to give, or cannot
    /// promise any.
    func preallocate(at offset: UInt64, count: Int) -> Bool {
        zramfs_preallocate(descriptor, off_t(offset), off_t(count)) == 0
    }

    /// Where the next bytes are that are no hole, from an offset on; nil if there are none. A host that does not know
    /// its holes says that all is data.
    func data(from offset: UInt64) throws(Errno) -> UInt64? {
        let place = zramfs_seek_data(descriptor, off_t(offset))
        if place >= 0 { return UInt64(place) }
        if errno == ENXIO { return nil }
        guard errno == EINVAL || errno == EOPNOTSUPP else { throw Errno(rawValue: errno) }
        return offset < (try size()) ? offset : nil
    }

    /// Asks the host to read a range ahead.
    func prefetch(at offset: UInt64, count: Int) {
        _ = posix_fadvise(descriptor, off_t(offset), off_t(count), Int32(POSIX_FADV_WILLNEED))
    }

    /// Whether reads will be small and scattered, so that the host should not read what lies around them.
    func expectScatteredReads(_ isScattered: Bool) {
        _ = posix_fadvise(descriptor, 0, 0, Int32(isScattered ? POSIX_FADV_RANDOM : POSIX_FADV_NORMAL))
    }

    /// The length of the file in bytes.
    func size() throws(Errno) -> UInt64 {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw Errno(rawValue: errno) }
        return UInt64(info.st_size)
    }

    /// The bytes that the host keeps for the file.
    func allocated() throws(Errno) -> UInt64 {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw Errno(rawValue: errno) }
        return UInt64(info.st_blocks) * 512
    }

    /// Cuts the file off, or extends it with a hole.
    func truncate(to length: UInt64) throws(Errno) {
        try observer?(.truncate(length))
        guard ftruncate(descriptor, off_t(length)) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Waits until the host has everything on its disk.
    func synchronize() throws(Errno) {
        try observer?(.synchronize)
        guard fdatasync(descriptor) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Takes the lock of the open file without waiting; false if another open file has it.
    func tryLock(exclusive: Bool) -> Bool {
        flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0
    }

    /// Lets the lock go before the descriptor does.
    func unlock() {
        _ = flock(descriptor, LOCK_UN)
    }
}
