import DriverModel
import PageStore
import SystemPackage
import Zram

/// Keeps the pages of simulated disks in an image file: the one place where the driver and the store meet.
final class ImageMemory: ZramMemory {
    private let image: Image

    init(_ image: Image) { self.image = image }

    var algorithms: [String] { Algorithm.allCases.map(\.rawValue) }

    func backing(
        _ path: String, inPlaceOf old: (any ZramBacking)?
    ) -> @Sendable () throws(Errno) -> any ZramBacking {
        { () throws(Errno) in
            // Opening a file of a mount of ours would wait for ourselves.
            guard try !MountPaths.leadIntoZramfs(path), !MountPaths.standsOnDisk(path) else { throw .invalidArgument }
            return try BackingFile(opening: path, inPlaceOf: old as? BackingFile)
        }
    }

    func makePool(_ request: ZramPoolRequest) throws(Errno) -> any ZramPool {
        var options = TableOptions()
        options.limitPages = request.limitPages
        options.backing = request.backing as? BackingFile
        options.tracksAccess = true
        var first: Algorithm?
        for (priority, compressor) in request.compressors {
            guard let algorithm = Algorithm(rawValue: compressor.name) else { throw .invalidArgument }
            if priority == 0 {
                first = algorithm
                options.level = compressor.level
            } else {
                options.secondary[priority] = Compressor(algorithm, level: compressor.level)
            }
        }
        guard let first else { throw .invalidArgument }
        return ImagePool(
            try image.makeTable(disk: request.disk, pages: request.pages, algorithm: first, options: options), image)
    }

    func takeKept(disk: String) -> ZramKeptPool? {
        image.takeKept(disk: disk).map { table in
            ZramKeptPool(
                pool: ImagePool(table, image), pages: table.pages, algorithm: table.algorithm.rawValue,
                limitPages: table.statistics.memLimit / 4096,
                backing: table.backing.map { ($0, $0.path) })
        }
    }
}

extension BackingFile: ZramBacking {}

/// The pages of one disk in the image.
private final class ImagePool: ZramPool {
    private let table: PageTable
    private let image: Image

    init(_ table: PageTable, _ image: Image) {
        self.table = table
        self.image = image
    }

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

    func discard(at offset: UInt64, length: UInt64) throws(Errno) -> UInt64 {
        try table.zeroRange(byteOffset: offset, length: length)
    }

    var mayWait: Bool { (table.backing?.statistics.count ?? 0) > 0 }

    func flush() throws(Errno) { try table.flush() }
    func setLimit(pages: UInt64) throws(Errno) { try table.setLimit(pages: pages) }
    func resetMaxUsed() { table.resetMaxUsed() }
    func compact() { _ = table.compact() }
    func markIdle(age: UInt64?, inMemoryOnly: Bool) { table.markIdle(age: age, inMemoryOnly: inMemoryOnly) }

    func select(_ selections: [ZramPageSelection]) -> [(page: UInt64, selection: Int)] {
        table.select(selections.map { PageSelection(Self.filter($0.filter), in: $0.range) })
    }

    func next(_ filter: ZramPageFilter, in range: Range<UInt64>) -> UInt64? {
        table.next(Self.filter(filter), in: range)
    }

    func recompress(
        page: UInt64, filter: ZramPageFilter, threshold: UInt32, priorities: Range<Int>
    ) throws(Errno) -> Bool {
        try table.recompress(
            page: page, filter: Self.filter(filter), threshold: Int(threshold), priorities: priorities)
    }

    func writeBack(page: UInt64, filter: ZramPageFilter) throws(Errno) -> Bool {
        try table.writeBack(page: page, filter: Self.filter(filter))
    }

    func states() -> [ZramPageState] {
        table.states().map { state in
            ZramPageState(
                page: state.page, microseconds: UInt64(state.ticks) * 10_000,
                flags: (
                    state.isSame, state.isWrittenBack, state.isHuge, state.isIdle, state.isRecompressed,
                    state.isIncompressible
                ))
        }
    }

    private static func filter(_ filter: ZramPageFilter) -> PageFilter {
        var result = PageFilter(filter.belowPriority.map { .recompress(belowPriority: $0) } ?? .writeBack)
        result.isIdle = filter.isIdle
        result.isHuge = filter.isHuge
        result.isIncompressible = filter.isIncompressible
        return result
    }

    func free() { table.free() }
    func giveBack() { if image.keepsDisks { image.giveBack(table) } else { table.free() } }
}
