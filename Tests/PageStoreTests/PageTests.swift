import Foundation
import SystemPackage
import Testing

@testable import PageStore

@Suite("pages") struct PageTests {
    let image: Image
    let table: PageTable

    init() throws {
        image = try Image(temporary: "/tmp")
        table = try image.makeTable(disk: "zram0", pages: 4096, algorithm: .lz4)
    }

    @Test("an unwritten page reads as zeroes") func unwritten() throws {
        #expect(try table.get(4096, at: 4096) == [UInt8](repeating: 0, count: 4096))
        #expect(table.statistics == PageStatistics())
    }

    @Test("every kind of page comes back", arguments: Algorithm.allCases, 0..<4)
    func roundTrip(algorithm: Algorithm, kind: Int) throws {
        let table = try image.makeTable(disk: "zram1", pages: 512, algorithm: algorithm)
        var random = Seeded(UInt64(kind))
        let bytes = content(1 << 20, kind: kind, &random)
        try table.put(bytes, at: 8192)
        #expect(try table.get(1 << 20, at: 8192) == bytes)
        #expect(try table.get(5000, at: 12345) == Array(bytes[(12345 - 8192)..<(12345 - 8192 + 5000)]))
    }

    @Test("same-filled and huge pages are counted as zram counts them") func statistics() throws {
        var random = Seeded(1)
        try table.put(content(4096, kind: 0, &random), at: 0)
        try table.put(content(2 * 4096, kind: 1, &random), at: 4096)
        var expected = PageStatistics()
        expected.origDataSize = 3 * 4096
        expected.samePages = 3
        #expect(table.statistics == expected)

        try table.put(content(2 * 4096, kind: 3, &random), at: 3 * 4096)
        expected.origDataSize = 5 * 4096
        expected.comprDataSize = 2 * 4096
        expected.memUsedTotal = 2 * 4096
        expected.memUsedMax = 2 * 4096
        expected.hugePages = 2
        expected.hugePagesSince = 2
        #expect(table.statistics == expected)

        // The new page is allocated before the old one is freed.
        try table.put(content(4096, kind: 3, &random), at: 3 * 4096)
        expected.hugePagesSince = 3
        expected.memUsedMax = 3 * 4096
        #expect(table.statistics == expected)

        try table.discard(pages: 2..<4)
        expected.origDataSize = 3 * 4096
        expected.comprDataSize = 4096
        expected.memUsedTotal = 4096
        expected.samePages = 2
        expected.hugePages = 1
        #expect(table.statistics == expected)
        table.resetMaxUsed()
        expected.memUsedMax = 4096
        #expect(table.statistics == expected)
        #expect(try table.get(8192, at: 8192) == [UInt8](repeating: 0, count: 8192))
    }

    @Test("a compressible page costs its grains") func grains() throws {
        var random = Seeded(2)
        try table.put(content(4096, kind: 2, &random), at: 0)
        let statistics = table.statistics
        #expect(statistics.comprDataSize > 0 && statistics.comprDataSize < 3264)
        #expect(statistics.hugePages == 0 && statistics.samePages == 0)
        #expect(statistics.memUsedTotal == 4096)
    }

    @Test("the limit refuses the page that exceeds it, and keeps the old one") func limit() throws {
        var random = Seeded(3)
        let first = content(4 * 4096, kind: 3, &random)
        try table.put(first, at: 0)
        try table.setLimit(pages: 4)
        #expect(throws: Errno.noMemory) { try table.put(content(4096, kind: 3, &random), at: 0) }
        #expect(try table.get(4 * 4096, at: 0) == first)
        #expect(table.statistics.memUsedTotal == 4 * 4096)
        #expect(table.statistics.memUsedMax == 5 * 4096)
        #expect(table.statistics.memLimit == 4 * 4096)
        // Same-filled pages need no memory.
        try table.put([UInt8](repeating: 7, count: 4096), at: 5 * 4096)
        try table.discard(page: 1)
        try table.put(content(4096, kind: 3, &random), at: 0)
        // Of a request that exceeds the limit half way, the first half is stored.
        try table.setLimit(pages: 6)
        let tail = content(4 * 4096, kind: 3, &random)
        #expect(throws: Errno.noMemory) { try table.put(tail, at: 8 * 4096) }
        #expect(try table.get(4 * 4096, at: 8 * 4096) == tail.prefix(3 * 4096) + [UInt8](repeating: 0, count: 4096))
        try table.setLimit(pages: 0)
        try table.put(tail, at: 8 * 4096)
        #expect(try table.get(4 * 4096, at: 8 * 4096) == tail)
    }

    @Test("beyond the end is EINVAL, after free EIO") func ends() throws {
        #expect(throws: Errno.invalidArgument) { try table.put([1, 2], at: 4096 * 4096 - 1) }
        #expect(throws: Errno.invalidArgument) { _ = try table.get(1, at: .max) }
        try table.put([1, 2], at: 0)
        table.free()
        table.free()
        #expect(throws: Errno.ioError) { try table.put([1, 2], at: 0) }
        #expect(throws: Errno.ioError) { _ = try table.get(2, at: 0) }
        #expect(throws: Errno.ioError) { try table.flush() }
        try table.discard(page: 0)
        table.markIdle()
        #expect(table.compact() == 0)
        #expect(table.statistics == PageStatistics())
    }

    @Test("a record on the move does not replace what was written meanwhile") func moving() throws {
        var random = Seeded(12)
        try table.put(content(4096, kind: 3, &random), at: 0)
        let old = table.map[0].value
        #expect(table.points(page: 0, to: old) && !table.points(page: 1, to: old))
        let newer = content(4096, kind: 3, &random)
        try table.put(newer, at: 0)
        #expect(!table.points(page: 0, to: old))
        #expect(!table.repoint(page: 0, from: old, to: old + 1 << 20))
        #expect(try table.get(4096, at: 0) == newer)
        try table.discard(page: 0)
        #expect(!table.repoint(page: 0, from: old, to: old + 1 << 20))
        #expect(try table.get(4096, at: 0) == [UInt8](repeating: 0, count: 4096))
    }

    @Test("an access ends idleness") func idle() throws {
        try table.put([UInt8](repeating: 1, count: 3 * 4096), at: 0)
        #expect(!table.isIdle(page: 0))
        table.markIdle()
        #expect(table.isIdle(page: 0) && table.isIdle(page: 1) && !table.isIdle(page: 3))
        _ = try table.get(1, at: 0)
        try table.put([2], at: 4096)
        #expect(!table.isIdle(page: 0) && !table.isIdle(page: 1) && table.isIdle(page: 2))
    }

    @Test("a large disk costs nothing until it is used") func lazy() throws {
        let before = try residentPages()
        let pages: UInt64 = (1 << 40) >> 12
        let large = try image.makeTable(disk: "zram2", pages: pages, algorithm: .zstd)
        try large.put([1, 2, 3], at: (pages - 1) << 12)
        #expect(try large.get(3, at: (pages - 1) << 12) == [1, 2, 3])
        try large.discard(pages: 0..<pages)
        large.free()
        // A sanitizer has memory of its own; and other tests run meanwhile.
        let isSanitized = ProcessInfo.processInfo.environment["ZRAMFS_SANITIZED"] != nil
        #expect(try isSanitized || residentPages() < before + (1 << 18), "1 GiB, where the table spans 3")
        #expect(throws: Errno.noMemory) { try image.makeTable(disk: "x", pages: 1 << 52, algorithm: .lz4) }
        #expect(throws: Errno.noMemory) { try image.makeTable(disk: "x", pages: .max, algorithm: .lz4) }
    }

    private func residentPages() throws -> Int {
        let file = try ImageFile.open("/proc/self/statm", flags: 0, action: "open")
        var bytes = [UInt8](repeating: 0, count: 128)
        let got = try bytes.withUnsafeMutableBytes { try file.readAvailable(at: 0, into: $0.baseAddress!, count: 128) }
        let fields = String(decoding: bytes.prefix(got), as: UTF8.self).split(separator: " ")
        return try #require(Int(fields[1]))
    }
}
