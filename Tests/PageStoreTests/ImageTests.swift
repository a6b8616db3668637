import Glibc
import SystemPackage
import Testing

@testable import PageStore

@Suite("images") struct ImageTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func code(_ body: () throws(ImageError) -> Void) -> ImageError.Code? {
        do throws(ImageError) {
            try body()
            return nil
        } catch {
            return error.code
        }
    }

    private func opening(_ path: String) -> ImageError.Code? {
        code { () throws(ImageError) in _ = try Image(creating: path) }
    }

    private func inspecting(_ path: String) -> ImageError.Code? {
        code { () throws(ImageError) in _ = try inspect(imageAt: path, check: true) }
    }

    @Test("a file that is something else is refused and left alone", arguments: [1, 7, 8, 5000])
    func foreign(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 + 65) }
        try scratch.write("foreign", bytes)
        #expect(opening(scratch.file("foreign")) == .notAnImage)
        #expect(inspecting(scratch.file("foreign")) == .notAnImage)
        #expect(try scratch.read("foreign", count: 10000) == bytes)
    }

    @Test("directories, devices and missing places are named") func places() throws {
        #expect(opening("/tmp") == .notAnImage)
        #expect(opening("/dev/null") == .notAnImage)
        #expect(opening("/nowhere/image") == .host)
        #expect(code { () throws(ImageError) in _ = try Image(temporary: "/nowhere") } == .host)
        #expect(inspecting("/nowhere/image") == .host)
    }

    @Test("an image has one user at a time") func lock() throws {
        let image = try Image(creating: scratch.file())
        let table = try image.makeTable(disk: "zram0", pages: 100, algorithm: .lz4)
        #expect(opening(scratch.file()) == .inUse)
        let report = try inspect(imageAt: scratch.file(), check: true)
        #expect(report.state == .inUse && !report.checked)
        #expect(report.tables.map(\.info.disk) == ["zram0"])
        // The refused one did no harm.
        try table.put([1, 2, 3], at: 0)
        #expect(try table.get(3, at: 0) == [1, 2, 3])
        image.close(clean: true)
        image.close(clean: true)
        let next = try Image(creating: scratch.file())
        #expect(next.leaked == [])
        #expect(throws: Errno.ioError) { try table.put([1], at: 0) }
        #expect(throws: Errno.ioError) { try image.makeTable(disk: "zram0", pages: 1, algorithm: .lz4) }
    }

    @Test("an image whose tables were freed is clean and empty") func empty() throws {
        let image = try Image(creating: scratch.file())
        let table = try image.makeTable(disk: "zram0", pages: 1000, algorithm: .zstd)
        var random = Seeded(4)
        try table.put(content(4_000_000, kind: 3, &random), at: 0)
        table.free()
        image.close(clean: true)
        let report = try inspect(imageAt: scratch.file(), check: true)
        #expect(report.state == .clean && report.tables == [] && report.problems == [] && report.checked)
        #expect(report.fileSize == UInt64(report.segmentSize))
        var info = stat()
        #expect(
            stat(scratch.file(), &info) == 0 && info.st_blocks * 512 <= 64 << 10,
            "all but the superblock is a hole"
        )
    }

    @Test("a table that was never freed is leaked, and stays to be seen") func leaked() throws {
        let image = try Image(creating: scratch.file())
        let kept = try image.makeTable(disk: "zram7", pages: 1000, algorithm: .lz4hc)
        let freed = try image.makeTable(disk: "zram8", pages: 10, algorithm: .lz4)
        var random = Seeded(5)
        try kept.put(content(40960, kind: 3, &random), at: 0)
        try kept.put([UInt8](repeating: 3, count: 4096), at: 409600)
        try freed.put([5], at: 0)
        freed.free()
        #expect(image.leaked.map(\.disk) == ["zram7"])
        image.close(clean: true)
        #expect(image.leaked.map(\.storedPages) == [11])
        let report = try inspect(imageAt: scratch.file(), check: true)
        #expect(report.state == .clean && report.problems == [])
        #expect(report.tables.count == 1 && report.tables[0].isLeaked)
        #expect(report.tables.map(\.info) == image.leaked)
        #expect(report.tables[0].info.pages == 1000 && report.tables[0].info.algorithm == .lz4hc)
        #expect(report.tables[0].info.storedBytes == 40960)
        #expect(report.segmentsLive == 1)
    }

    @Test(
        "a killed image shows its tables and what was in the file; the next user empties it", arguments: [false, true])
    func killed(isBuffered: Bool) throws {
        var table: PageTable?
        do {
            let image = try Image(creating: scratch.file(), isBuffered: isBuffered)
            table = try image.makeTable(disk: "zram0", pages: 1000, algorithm: .lz4)
            var random = Seeded(6)
            try table?.put(content(20 * 4096, kind: 3, &random), at: 0)
            try table?.put(content(4096, kind: 3, &random), at: 0)
        }
        #expect(throws: Errno.ioError) { try table?.put([1], at: 0) }
        table = nil
        let report = try inspect(imageAt: scratch.file(), check: true)
        #expect(report.state == .notClosed && report.problems == [])
        #expect(report.tables.map(\.info.disk) == ["zram0"] && report.tables.map(\.isLeaked) == [false])
        let stored: UInt64 = isBuffered ? 0 : 20
        #expect(report.tables[0].info.storedPages == stored && report.tables[0].info.storedBytes == stored * 4096)

        let image = try Image(creating: scratch.file())
        #expect(image.leaked == [])
        image.close(clean: false)
        let second = try inspect(imageAt: scratch.file(), check: true)
        #expect(second.state == .notClosed && second.tables == [] && second.uuid != report.uuid)
    }

    @Test("a damaged page is an EIO, and check names its place", arguments: [0, 4, 8, 12, 16, 24, 40, 4000])
    func damage(at position: Int) throws {
        let image = try Image(creating: scratch.file())
        let table = try image.makeTable(disk: "zram0", pages: 1000, algorithm: .lz4)
        var random = Seeded(7)
        let bytes = content(3 * 4096, kind: 3, &random)
        try table.put(bytes, at: 0)
        image.log.writeOpen()
        let record = table.map[1].value
        let offset = Int(record) + position
        let old = try scratch.read("image", at: offset, count: 1)
        try scratch.write("image", [old[0] ^ 0x10], at: offset)
        #expect(throws: Errno.ioError) { _ = try table.get(4096, at: 4096) }
        #expect(try table.get(4096, at: 0) == Array(bytes[..<4096]))
        #expect(try table.get(4096, at: 8192) == Array(bytes[8192...]))
        // Overwriting a damaged page cures it; a part of it cannot be changed.
        #expect(throws: Errno.ioError) { try table.put([1], at: 4096) }
        image.close(clean: true)
        let report = try inspect(imageAt: scratch.file(), check: true)
        #expect(report.problems.contains { $0.offset == record }, "\(report.problems)")
        #expect(try inspect(imageAt: scratch.file(), check: false).checked == false)
    }

    @Test("damage survives cleaning as damage, and only there") func damageAndCleaning() throws {
        let image = try Image(creating: scratch.file())
        let table = try image.makeTable(disk: "zram0", pages: 1000, algorithm: .lz4)
        var random = Seeded(8)
        let bytes = content(600 * 4096, kind: 3, &random)
        try table.put(bytes, at: 0)
        image.log.writeOpen()
        try scratch.write("image", [1, 2, 3], at: Int(table.map[10].value) + 100)
        let segment = LogState.segment(of: table.map[10].value)
        try table.discard(pages: 20..<250)
        table.compact()
        #expect(throws: Errno.ioError) { _ = try table.get(4096, at: 10 * 4096) }
        for page in 0..<600 where page != 10 && !(20..<250).contains(page) {
            #expect(try table.get(4096, at: UInt64(page) << 12) == Array(bytes[(page << 12)..<((page + 1) << 12)]))
        }
        try table.discard(page: 10)
        #expect(image.log.state.withLock { $0.segments[segment].live } == 0)
    }

    @Test("broken superblocks and later versions are told apart") func superblocks() throws {
        try Image(creating: scratch.file()).close(clean: true)
        let whole = try scratch.read("image", count: 4096)
        try scratch.write("image", [whole[20] ^ 1], at: 20)
        #expect(opening(scratch.file()) == .damaged)
        var later = ByteWriter(count: 4096)
        for (index, byte) in whole.enumerated() { later.put(byte, at: index) }
        later.put(UInt32(2), at: 12)
        later.sealChecksum(at: 8, covering: 12..<4096)
        try scratch.write("image", later.bytes)
        #expect(opening(scratch.file()) == .newerVersion)
        #expect(
            inspecting(scratch.file()) == .newerVersion
        )
        try scratch.write("copy", Array(whole.prefix(100)))
        #expect(
            inspecting(scratch.file("copy")) == .damaged
        )
    }

    @Test("a damaged directory entry is a problem with a place") func directory() throws {
        let image = try Image(creating: scratch.file())
        _ = try image.makeTable(disk: "zram0", pages: 10, algorithm: .lz4)
        _ = try image.makeTable(disk: "zram1", pages: 10, algorithm: .lz4)
        image.close(clean: true)
        try scratch.write("image", [0xFF], at: 4096 + 20)
        let report = try inspect(imageAt: scratch.file(), check: false)
        #expect(report.problems.map(\.offset) == [4096])
        #expect(report.tables.map(\.info.disk) == ["zram1"])
    }
}
