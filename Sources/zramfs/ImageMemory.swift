import DriverModel
import PageStore
import SystemPackage
import Zram

/// Keeps the pages of simulated disks in an image file: the one place where the driver and the store meet.
final class ImageMemory: ZramMemory {
    private let image: Image

    init(_ image: Image) { self.image = image }

    var algorithms: [String] { Algorithm.allCases.map(\.rawValue) }

    func makePool(disk: String, pages: UInt64, algorithm: String) throws(Errno) -> any ZramPool {
        guard let algorithm = Algorithm(rawValue: algorithm) else { throw .invalidArgument }
        return ImagePool(try image.makeTable(disk: disk, pages: pages, algorithm: algorithm))
    }
}

/// The pages of one disk in the image.
private final class ImagePool: ZramPool {
    private static let page: UInt64 = 4096
    private let table: PageTable

    init(_ table: PageTable) { self.table = table }

    var statistics: ZramPoolStatistics {
        let source = table.statistics
        var result = ZramPoolStatistics()
        result.originalSize = source.origDataSize
        result.compressedSize = source.comprDataSize
        result.usedTotal = source.memUsedTotal
        result.usedMax = source.memUsedMax
        result.samePages = source.samePages
        result.pagesCompacted = source.pagesCompacted
        result.hugePages = source.hugePages
        result.hugePagesSince = source.hugePagesSince
        return result
    }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
        try table.readRange(byteOffset: offset, into: buffer)
    }

    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno) {
        try table.writeRange(byteOffset: offset, from: buffer)
    }

    /// zram drops whole pages and leaves the rest of a range alone (`zram_bio_discard`).
    func discard(at offset: UInt64, length: UInt64) throws(Errno) -> UInt64 {
        let first = (offset + Self.page - 1) / Self.page
        let end = (offset + length) / Self.page
        guard first < end else { return 0 }
        table.discard(pages: first..<end)
        return end - first
    }

    func flush() throws(Errno) { try table.flush() }
    func setLimit(pages: UInt64) { table.setLimit(pages: pages) }
    func resetMaxUsed() { table.resetMaxUsed() }
    func compact() { _ = table.compact() }
    func markIdle() { table.markIdle() }
    func free() { table.free() }
}
