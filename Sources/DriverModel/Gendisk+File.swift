import KernelCore
import Synchronization
import Kernfs
import SystemPackage

extension Gendisk: DeviceFile {
    /// Bytes.
    public var size: UInt64 { data.size }

    /// Opens the disk for a mount's user.
    public func open(forWriting: Bool) async throws(Errno) -> any DeviceHandle {
        try await open()
        return DiskHandle(self)
    }
}

/// An open disk: requests become bios here.
final class DiskHandle: DeviceHandle {
    private let data: DiskData
    // Used by `release` alone, which runs in the kernel's isolation as `open` did.
    private nonisolated(unsafe) var disk: Gendisk?

    init(_ disk: Gendisk) {
        data = disk.data
        self.disk = disk
    }

    /// For who does not count as an opener.
    init(_ data: DiskData) { self.data = data }

    var size: UInt64 { data.size }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
        let (pages, size) = data.current
        guard offset < size, let pages else { return 0 }
        let count = Int(min(UInt64(buffer.count), size - offset))
        let start = data.counters.begin(.read)
        defer { data.counters.end(.read, start, bytes: count) }
        do throws(Errno) {
            try pages.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        } catch {
            data.counters.failedReads.add(1, ordering: .relaxed)
            throw error
        }
        return count
    }

    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno) -> Int {
        let (pages, size) = data.current
        guard offset < size, let pages else { throw .noSpace }
        let count = Int(min(UInt64(buffer.count), size - offset))
        let start = data.counters.begin(.write)
        defer { data.counters.end(.write, start, bytes: count) }
        do throws(Errno) {
            try pages.write(at: offset, from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } catch {
            data.counters.failedWrites.add(1, ordering: .relaxed)
            // A bio that fails for any reason but the medium's own is an I/O error to user space.
            throw error == .noSpace ? .noSpace : .ioError
        }
        return count
    }

    func discard(at offset: UInt64, length: UInt64) throws(Errno) {
        let (pages, size) = data.current
        guard offset < size, let pages else { return }
        let count = min(length, size - offset)
        let start = data.counters.begin(.discard)
        defer { data.counters.end(.discard, start, bytes: Int(count)) }
        let dropped = try pages.discard(at: offset, length: count)
        data.counters.notifyFree.add(dropped, ordering: .relaxed)
    }

    func flush() throws(Errno) { try data.current.0?.flush() }

    var mayWait: Bool { data.current.0?.mayWait ?? false }

    func release() async {
        await disk?.release()
        disk = nil
    }
}
