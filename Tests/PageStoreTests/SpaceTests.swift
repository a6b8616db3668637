import Glibc
import SystemPackage
import Testing

@testable import PageStore

@Suite("room") struct SpaceTests {
    private func fill(_ table: PageTable, _ expected: inout [UInt64: [UInt8]], _ random: inout Seeded) -> Errno? {
        for page in 0..<table.pages {
            let bytes = content(4096, kind: 3, &random)
            do throws(Errno) {
                try table.put(bytes, at: page << 12)
                expected[page] = bytes
            } catch {
                return error
            }
        }
        return nil
    }

    private func check(_ table: PageTable, _ expected: [UInt64: [UInt8]]) throws {
        for (page, bytes) in expected { #expect(try table.get(4096, at: page << 12) == bytes, "page \(page)") }
    }

    @Test("a full image refuses, keeps what it has, and takes more when something was discarded")
    func capacity() throws {
        let image = try Image(temporary: "/tmp", capacity: 8 << 20)
        try exercise(image.makeTable(disk: "zram0", pages: 4096, algorithm: .lz4))
        #expect(try image.file.size() <= 8 << 20)
    }

    @Test("so does a full host", .enabled(if: geteuid() == 0, "needs root, to mount a small tmpfs"))
    func host() throws {
        let image = try onSmallHost(mebibytes: 8) { try Image(temporary: $0) }
        try exercise(image.makeTable(disk: "zram0", pages: 4096, algorithm: .lz4))
    }

    /// Makes an image on a file system of its own, which lives as long as the image.
    private func onSmallHost(mebibytes: Int, _ make: (String) throws -> Image) throws -> Image {
        let scratch = try Scratch()
        let directory = scratch.file("directory")
        mkdir(directory, 0o700)
        try #require(mount("tmpfs", directory, "tmpfs", 0, "size=\(mebibytes)m") == 0)
        defer { rmdir(directory) }
        let opened = Result { try make(directory) }
        #expect(umount2(directory, Int32(MNT_DETACH)) == 0)
        return try opened.get()
    }

    @Test(
        "a host that is nearly full has room for overwriting",
        .enabled(if: geteuid() == 0, "needs root, to mount a small tmpfs"),
        arguments: [false, true], [80, 90, 93])
    func overwrite(keeps: Bool, percent: Int) throws {
        let image = try onSmallHost(mebibytes: 64) {
            keeps ? try Image.keeping("\($0)/image") : try Image(temporary: $0)
        }
        let pages = (64 * percent / 100) << 8
        let table = try image.makeTable(disk: "zram0", pages: UInt64(pages), algorithm: .lz4)
        var random = Seeded(UInt64(percent))
        let contents = (0..<16).map { _ in content(4096, kind: 3, &random) }
        var held = [Int](repeating: 0, count: pages)
        for page in 0..<pages { try table.put(contents[0], at: UInt64(page) << 12) }
        for step in 0..<pages {
            let page = Int.random(in: 0..<pages, using: &random)
            held[page] = step % 16
            try table.put(contents[step % 16], at: UInt64(page) << 12)
        }
        for page in 0..<pages {
            try #require(try table.get(4096, at: UInt64(page) << 12) == contents[held[page]], "page \(page)")
        }
    }

    private func exercise(_ table: PageTable) throws {
        var random = Seeded(9)
        var expected: [UInt64: [UInt8]] = [:]
        #expect(fill(table, &expected, &random) == .noSpace)
        #expect(expected.count > 1200)
        #expect(table.statistics.origDataSize == UInt64(expected.count) << 12)
        #expect(table.statistics.hugePages == UInt64(expected.count))
        try check(table, expected)
        // A third of the pages, scattered, so that only cleaning can make room.
        for page in stride(from: UInt64(0), to: UInt64(expected.count), by: 3) {
            try table.discard(page: page)
            expected[page] = nil
        }
        var again = 0
        for page in 2000..<UInt64(2200) {
            let bytes = content(4096, kind: 3, &random)
            try table.put(bytes, at: page << 12)
            expected[page] = bytes
            again += 1
        }
        #expect(again == 200)
        try check(table, expected)
    }

    @Test("cleaning keeps the image near what lives in it", arguments: [false, true])
    func cleaning(hasKeeper: Bool) throws {
        let image = try Image(temporary: "/tmp", isBuffered: true, hasKeeper: hasKeeper)
        let table = try image.makeTable(disk: "zram0", pages: 2048, algorithm: .lz4)
        var random = Seeded(10)
        var expected: [UInt64: [UInt8]] = [:]
        for _ in 0..<12000 {
            let page = UInt64.random(in: 0..<2048, using: &random)
            let bytes = content(4096, kind: 3, &random)
            try table.put(bytes, at: page << 12)
            expected[page] = bytes
        }
        try check(table, expected)
        let books = image.log.state.withLock { $0 }
        // Who does not clean must wait some time.
        let most = hasKeeper ? 2 * books.live + 28 << 20 : books.live / 2 * 3 + 12 << 20
        #expect(books.allocated << 20 < most)
        let freed = table.compact()
        #expect(freed > 0 && table.statistics.pagesCompacted == freed)
        let dense = image.log.state.withLock { $0 }
        #expect(dense.allocated << 20 < dense.live / 8 * 9 + 3 << 20)
        try check(table, expected)
        table.free()
        // Of all segments only the two that were open for writing are left, and the reserve.
        #expect(image.log.state.withLock { $0.allocated } <= 3)
    }
}
