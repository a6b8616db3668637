import Foundation
import SystemPackage
import Testing

@testable import PageStore

/// What `-o keep` keeps, and what damage does to it. ZRAMFS_FLIPS says how many bits are flipped, one at a time.
@Suite("images that are kept") struct KeepTests {
    static let flips = ProcessInfo.processInfo.environment["ZRAMFS_FLIPS"].flatMap(Int.init) ?? 120

    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Two disks with all kinds of pages, some of them overwritten and some dropped.
    private func fill(_ image: Image, seed: UInt64 = 3) throws -> [String: [UInt8]] {
        var random = Seeded(seed)
        var contents: [String: [UInt8]] = [:]
        for (disk, algorithm) in [("zram0", Algorithm.lz4), ("zram1", .zstd)] {
            let table = try image.makeTable(disk: disk, pages: 400, algorithm: algorithm)
            var bytes = [UInt8](repeating: 0, count: 400 << 12)
            for _ in 0..<2 {
                for page in 0..<350 {
                    let data = content(4096, kind: Int(random.next() % 4), &random)
                    bytes.replaceSubrange((page << 12)..<((page + 1) << 12), with: data)
                }
                try table.put(bytes, at: 0)
            }
            try table.discard(pages: 100..<120)
            for index in (100 << 12)..<(120 << 12) { bytes[index] = 0 }
            try table.flush()
            contents[disk] = bytes
        }
        return contents
    }

    func open(_ name: String = "image") throws(ImageError) -> Image { try Image.keeping(scratch.file(name)) }

    @Test("disks come back with size, algorithm and content, however the daemon ended", arguments: [true, false])
    func comesBack(clean: Bool) throws {
        let image = try open()
        let contents = try fill(image)
        let before = ["zram0", "zram1"].map { name in image.leaked.first { $0.disk == name } }
        image.close(clean: clean)
        for _ in 0..<2 {
            let again = try open()
            #expect(again.keptDisks == before)
            for (disk, bytes) in contents {
                let table = try #require(again.takeKept(disk: disk))
                #expect(again.takeKept(disk: disk) == nil, "it has one user")
                #expect(try table.get(400 << 12, at: 0) == bytes)
                again.giveBack(table)
            }
            again.close(clean: true)
        }
        let report = try inspect(imageAt: scratch.file(), check: true)
        #expect(report.state == .clean && report.keepsDisks && report.problems == [])
        #expect(report.tables.map(\.info) == before && !report.tables.contains(where: \.isLeaked))
    }

    @Test("a freed disk does not come back, nor does anything of it in its successor") func freed() throws {
        let image = try open()
        _ = try fill(image)
        image.close(clean: false)
        let second = try open()
        try #require(second.takeKept(disk: "zram0")).free()
        let next = try second.makeTable(disk: "zram0", pages: 400, algorithm: .lz4)
        try next.put([7], at: 5 << 12)
        try next.flush()
        second.close(clean: false)
        let third = try open()
        #expect(third.keptDisks.map(\.disk) == ["zram0", "zram1"])
        let table = try #require(third.takeKept(disk: "zram0"))
        var expected = [UInt8](repeating: 0, count: 400 << 12)
        expected[5 << 12] = 7
        #expect(try table.get(400 << 12, at: 0) == expected)
    }

    @Test("a volatile user leaves it alone, and a later version's, too") func refused() throws {
        let image = try open()
        let contents = try fill(image)
        image.close(clean: true)
        #expect(throws: ImageError.self) { _ = try Image(creating: scratch.file()) }
        let again = try open()
        #expect(try again.takeKept(disk: "zram0")?.get(400 << 12, at: 0) == contents["zram0"])
        again.close(clean: true)
        var later = try scratch.read("image", count: 4096)
        later[43] |= 0x40
        let sum = later.withUnsafeBytes { Checksum.of($0.baseAddress! + 12, count: 4084) }
        withUnsafeBytes(of: sum) { later.replaceSubrange(8..<12, with: $0) }
        try scratch.write("image", later)
        #expect(throws: ImageError.self) { _ = try open() }
        #expect(try scratch.read("image", count: 4096) == later)
    }

    @Test("one wrong bit anywhere: the right content, or EIO and a word of where", arguments: [true, false])
    func flippedBits(clean: Bool) throws {
        let image = try open()
        let contents = try fill(image)
        image.close(clean: clean)
        let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: scratch.file())))
        // The first places are those that everything hangs on.
        let data = whole.indices.filter { whole[$0] != 0 }
        var random = Seeded(clean ? 21 : 22)
        var unreadable = 0
        for round in 0..<Self.flips {
            let place = round < 30 ? data[round * 4] : data.randomElement(using: &random)!
            var bytes = whole
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try CrashRecorder.Disk(bytes: bytes).write(to: scratch.file("copy"))
            let flipped = try open("copy")
            let reported = Guarded<[String: Set<UInt64>]>([:])
            flipped.onDamage { disk, page, offset in
                _ = reported.withLock { $0[disk, default: []].insert(page) }
                #expect(offset <= place && place < offset + 4200, "byte \(place) is reported as \(offset)")
            }
            for (disk, expected) in contents {
                let table = try #require(flipped.takeKept(disk: disk), "byte \(place)")
                for page in 0..<400 {
                    if let got = try? table.get(4096, at: UInt64(page) << 12) {
                        #expect(
                            got == Array(expected[(page << 12)..<((page + 1) << 12)]), "byte \(place), page \(page)")
                    } else {
                        unreadable += 1
                        #expect(reported.withLock { $0[disk]?.contains(UInt64(page)) } == true, "byte \(place)")
                    }
                }
            }
            flipped.close(clean: false)
        }
        // Most of an image is pages: most flips must have been noticed.
        #expect(unreadable > (Self.flips - 30) / 4)
    }

    @Test("repair: a wrong bit of a header is put right, a lost page is named and dropped") func repair() throws {
        let image = try open()
        let contents = try fill(image)
        let table = try #require(image.log.tables.withLock { $0.values.first { $0.disk == "zram0" } })
        let places = (0..<350).filter { table.map[UInt64($0)].isStored }
        let (header, payload) = (places[3], places[7])
        let offsets = [header, payload].map { Int(table.map[UInt64($0)].value) }
        image.close(clean: true)
        let place = offsets[0] + 18
        try scratch.write("image", [try scratch.read("image", at: place, count: 1)[0] ^ 8], at: place)
        try scratch.write("image", [UInt8](repeating: 0xA5, count: 9), at: offsets[1] + 40)
        let report = try Image.repair(scratch.file())
        #expect(report.problems == [])
        #expect(report.restored.map(\.page) == [UInt64(header)])
        #expect(report.lost.map(\.page) == [UInt64(payload)] && report.lost[0].offset == UInt64(offsets[1]))
        var expected = try #require(contents["zram0"])
        for index in (payload << 12)..<((payload + 1) << 12) { expected[index] = 0 }
        let again = try open()
        #expect(try again.takeKept(disk: "zram0")?.get(400 << 12, at: 0) == expected)
        again.close(clean: true)
        #expect(try Image.repair(scratch.file()).lost == [])
    }

    @Test(
        "a shorter file is refused, read as far as it goes, and repaired", arguments: [1 << 20, 1_500_000, 3_000_000])
    func truncated(length: Int) throws {
        let image = try open()
        _ = try fill(image)
        image.close(clean: true)
        #expect(truncate(scratch.file(), off_t(length)) == 0)
        #expect {
            _ = try open()
        } throws: { ($0 as? ImageError)?.code == .damaged }
        #expect(try inspect(imageAt: scratch.file(), check: true).problems.contains { $0.offset == UInt64(length) })
        let (reading, problems) = try Image.reading(scratch.file())
        #expect(problems.contains { $0.offset == UInt64(length) })
        #expect(reading.keptDisks.map(\.disk) == ["zram0", "zram1"])
        reading.close(clean: false)
        #expect(try Image.repair(scratch.file()).disks.map(\.disk) == ["zram0", "zram1"])
        let repaired = try open()
        let table = try #require(repaired.takeKept(disk: "zram1"))
        try table.put([1, 2, 3], at: 0)
        #expect(try table.get(3, at: 0) == [1, 2, 3])
    }

    @Test("a host that fails: the error comes through, what was stored stays readable") func host() throws {
        final class Switch: @unchecked Sendable {
            var writes: Errno?
            var waits: Errno?
        }
        let failing = Switch()
        let claimed = try ImageFile.claim(scratch.file())
        claimed.0.observer = { change throws(Errno) in
            switch change {
            case .write, .punch, .truncate: if let error = failing.writes { throw error }
            case .synchronize: if let error = failing.waits { throw error }
            }
        }
        let image = try Image.keeping(scratch.file(), claimed)
        let contents = try fill(image)
        let table = try #require(image.log.tables.withLock { $0.values.first { $0.disk == "zram0" } })
        for error in [Errno.noSpace, .ioError] {
            failing.writes = error
            #expect(throws: error) { try table.put([9, 9, 9], at: 0) }
            #expect(throws: error) { try table.discard(pages: 0..<400) }
            #expect(try table.get(400 << 12, at: 0) == contents["zram0"])
        }
        failing.writes = nil
        try table.put([8], at: 0)
        failing.waits = .ioError
        #expect(throws: Errno.ioError) { try table.flush() }
        // The host has forgotten what it could not write: nothing may be promised from now on.
        failing.waits = nil
        #expect(throws: Errno.ioError) { try table.flush() }
        #expect(try table.get(4096, at: 4096) == Array(contents["zram0"]![4096..<8192]))
    }
}
