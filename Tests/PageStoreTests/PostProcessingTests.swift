import Glibc
import SystemPackage
import Testing

@testable import PageStore

@Suite("recompression, writeback, marks") struct PostProcessingTests {
    let image: Image
    let scratch: Scratch

    init() throws {
        image = try Image(temporary: "/tmp")
        scratch = try Scratch()
    }

    private func table(_ change: (inout TableOptions) -> Void = { _ in }) throws -> PageTable {
        var options = TableOptions()
        change(&options)
        return try image.makeTable(disk: "zram0", pages: 256, algorithm: .lz4, options: options)
    }

    /// Letters of a small alphabet in no order: too random for lz4, not for an entropy coder.
    private func text(_ seed: UInt64) -> [UInt8] {
        var random = Seeded(seed)
        return (0..<4096).map { _ in UInt8(ascii: "a") + UInt8(random.next() % 12) }
    }

    private func backing(blocks: Int) throws -> BackingFile {
        try scratch.write("copy", [UInt8](repeating: 0, count: blocks * 4096))
        return try BackingFile(opening: scratch.file("copy"))
    }

    private func select(_ table: PageTable, _ filter: PageFilter, _ range: Range<UInt64>? = nil) -> [UInt64] {
        table.select([PageSelection(filter, in: range)]).map(\.page)
    }

    @Test("a page that lz4 cannot shrink is huge, and zstd makes it small") func huge() throws {
        let table = try table { $0.secondary = [1: Compressor(.zstd)] }
        let bytes = text(1)
        try table.put(bytes, at: 0)
        #expect(table.statistics.hugePages == 1)
        var filter = PageFilter(.recompress(belowPriority: 2))
        filter.isHuge = true
        #expect(select(table, filter) == [0])
        #expect(try table.recompress(page: 0, filter: filter, threshold: 0, priorities: 1..<2))
        #expect(table.statistics.hugePages == 0)
        #expect(table.statistics.comprDataSize < 2400)
        #expect(try table.get(4096, at: 0) == bytes)
        #expect(select(table, filter) == [])
        #expect(table.states().map(\.isRecompressed) == [true])
    }

    @Test("what no compressor shrinks is incompressible, and tried once") func incompressible() throws {
        let table = try table { $0.secondary = [1: Compressor(.zstd), 2: Compressor(.deflate)] }
        var random = Seeded(2)
        let bytes = content(4096, kind: 3, &random)
        try table.put(bytes, at: 4096)
        let filter = PageFilter(.recompress(belowPriority: 3))
        #expect(try table.recompress(page: 1, filter: filter, threshold: 0, priorities: 1..<3))
        #expect(table.states().map(\.isIncompressible) == [true])
        #expect(try !table.recompress(page: 1, filter: filter, threshold: 0, priorities: 1..<3))
        #expect(try table.get(4096, at: 4096) == bytes)
        try table.put(bytes, at: 4096)
        #expect(table.states().map(\.isIncompressible) == [false])
    }

    @Test("one compressor of two that fails leaves a page compressible") func onePriority() throws {
        let table = try table { $0.secondary = [1: Compressor(.lz4hc), 2: Compressor(.zstd)] }
        try table.put(text(3), at: 0)
        let first = PageFilter(.recompress(belowPriority: 2))
        #expect(try table.recompress(page: 0, filter: first, threshold: 0, priorities: 1..<2))
        #expect(table.states().map(\.isIncompressible) == [false])
        let second = PageFilter(.recompress(belowPriority: 3))
        #expect(try table.recompress(page: 0, filter: second, threshold: 0, priorities: 2..<3))
        #expect(table.states().map(\.isRecompressed) == [true])
    }

    @Test("pages below the threshold are left alone; a result must be below it") func threshold() throws {
        let table = try table { $0.secondary = [1: Compressor(.zstd)] }
        try table.put(text(4), at: 0)
        let filter = PageFilter(.recompress(belowPriority: 2))
        #expect(try !table.recompress(page: 0, filter: filter, threshold: 4097, priorities: 1..<2))
        #expect(try table.recompress(page: 0, filter: filter, threshold: 100, priorities: 1..<2))
        #expect(table.statistics.hugePages == 1)
    }

    @Test("recompression asks no memory limit") func limit() throws {
        let table = try table { $0.secondary = [1: Compressor(.zstd)] }
        try table.put(text(5), at: 0)
        try table.setLimit(pages: 1)
        let filter = PageFilter(.recompress(belowPriority: 2))
        #expect(try table.recompress(page: 0, filter: filter, threshold: 0, priorities: 1..<2))
        #expect(table.statistics.hugePages == 0)
    }

    @Test("the largest pages come first") func order() throws {
        let table = try table { $0.secondary = [1: Compressor(.zstd)] }
        var random = Seeded(6)
        try table.put(content(4096, kind: 2, &random), at: 0)
        try table.put(text(6), at: 4096)
        try table.put(content(4096, kind: 0, &random), at: 8192)
        #expect(select(table, PageFilter(.recompress(belowPriority: 2))) == [1, 0])
        #expect(select(table, PageFilter(.writeBack), 0..<1) == [0])
    }

    @Test("every level of every algorithm gives the page back", arguments: Algorithm.allCases)
    func levels(algorithm: Algorithm) throws {
        for level: Int32 in [.min, -5, -1, 0, 1, 5, 9, 12, 22, .max] {
            var options = TableOptions()
            options.level = level
            let table = try image.makeTable(disk: "zram1", pages: 8, algorithm: algorithm, options: options)
            let bytes = text(UInt64(7)) + [UInt8](repeating: 7, count: 100) + text(8).prefix(3996)
            try table.put(bytes, at: 0)
            #expect(try table.get(8192, at: 0) == bytes)
            table.free()
        }
    }

    @Test("a page that is written back takes no memory, and reads as before") func writeBack() throws {
        let backing = try backing(blocks: 8)
        let table = try table { $0.backing = backing }
        let bytes = (0..<4).flatMap { text(UInt64(10 + $0)) }
        try table.put(bytes, at: 0)
        for page: UInt64 in [1, 2] { #expect(try table.writeBack(page: page, filter: PageFilter(.writeBack))) }
        #expect(try !table.writeBack(page: 1, filter: PageFilter(.writeBack)))
        #expect(table.statistics.hugePages == 2)
        #expect(table.statistics.origDataSize == 4 * 4096)
        #expect(table.statistics.comprDataSize == 2 * 4096)
        #expect(backing.statistics == (2, 0, 2))
        #expect(try table.get(4 * 4096, at: 0) == bytes)
        #expect(try table.get(100, at: 5000) == Array(bytes[5000..<5100]))
        #expect(backing.statistics == (2, 3, 2))
        #expect(table.states().map(\.isWrittenBack) == [false, true, true, false])

        try table.put([1, 2, 3], at: 4096)
        #expect(try table.get(8, at: 4096) == [1, 2, 3] + Array(bytes[4099..<4104]))
        #expect(backing.statistics.count == 1)
        try table.discard(page: 2)
        #expect(backing.statistics.count == 0)
        #expect(try table.get(4096, at: 8192) == [UInt8](repeating: 0, count: 4096))
    }

    @Test("a full backing device is ENOSPC; its blocks come back with the table") func full() throws {
        let backing = try backing(blocks: 3)
        let table = try table { $0.backing = backing }
        try table.put((0..<3).flatMap { text(UInt64(20 + $0)) }, at: 0)
        for page: UInt64 in [0, 1] { #expect(try table.writeBack(page: page, filter: PageFilter(.writeBack))) }
        #expect(throws: Errno.noSpace) { try table.writeBack(page: 2, filter: PageFilter(.writeBack)) }
        table.free()
        #expect(backing.statistics.count == 0)
    }

    @Test("what cannot be a backing device") func refused() throws {
        #expect(throws: Errno.noSuchFileOrDirectory) { try BackingFile(opening: scratch.file("copy")) }
        #expect(throws: Errno.isDirectory) { try BackingFile(opening: "/tmp") }
        #expect(throws: Errno.notBlockDevice) { try BackingFile(opening: "/dev/null") }
        try scratch.write("copy", [1])
        #expect(throws: Errno.invalidArgument) { try BackingFile(opening: scratch.file("copy")) }
        let held = try backing(blocks: 2)
        #expect(throws: Errno.resourceBusy) { try BackingFile(opening: scratch.file("copy")) }
        _ = held
    }

    @Test("idle marks are for stored pages, by age, and an access clears them") func idle() throws {
        let table = try table { $0.tracksAccess = true }
        var random = Seeded(30)
        try table.put(content(3 * 4096, kind: 2, &random), at: 0)
        try table.put(content(4096, kind: 1, &random), at: 3 * 4096)
        table.markIdle(age: 3600, inMemoryOnly: true)
        #expect(table.states().map(\.isIdle) == [false, false, false, false])
        table.markIdle(inMemoryOnly: true)
        #expect(table.states().map(\.isIdle) == [true, true, true, false])
        _ = try table.get(1, at: 0)
        table.markIdle(age: .max, inMemoryOnly: true)
        #expect(table.states().map(\.isIdle) == [false, false, false, false])
        #expect(table.states().allSatisfy { $0.ticks > 0 })
    }
}
