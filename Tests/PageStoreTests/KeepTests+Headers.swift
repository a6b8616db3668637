import Glibc
import SystemPackage
import Testing

@testable import PageStore

/// Headers of which several bits are wrong, in segments whose summaries are not there to tell what was in them.
extension KeepTests {
    private static let bytes = 64 << 12

    /// A disk that was written twice and waited for; its pages are random data.
    private func image(_ random: inout Seeded) throws -> (Image, PageTable, old: [UInt8], new: [UInt8]) {
        let image = try open()
        let table = try image.makeTable(disk: "zram0", pages: 1000, algorithm: .lz4)
        let contents = (0..<2).map { _ in content(Self.bytes, kind: 3, &random) }
        for bytes in contents { try table.put(bytes, at: 0) }
        try table.flush()
        return (image, table, contents[0], contents[1])
    }

    private func page(_ bytes: [UInt8], _ number: Int) -> [UInt8] {
        Array(bytes[(number << 12)..<((number + 1) << 12)])
    }

    private func offset(_ table: PageTable, _ page: UInt64) -> Int { Int(table.map[page].value) }

    /// One page is `EIO` and named, at each of two mounts, and the others are right.
    private func expectLoss(of lost: Int, at place: Int, _ bytes: [UInt8]) throws {
        for _ in 0..<2 {
            let again = try open()
            let reported = Guarded<[UInt64]>([])
            again.onDamage { _, page, offset in reported.withLock { $0 += [page, offset] } }
            let table = try #require(again.takeKept(disk: "zram0"))
            for number in 0..<64 {
                let got = try? table.get(4096, at: UInt64(number) << 12)
                #expect(got == (number == lost ? nil : page(bytes, number)), "page \(number)")
            }
            #expect(reported.withLock { $0 } == [UInt64(lost), UInt64(place)])
            again.close(clean: true)
        }
    }

    /// Makes several bits of a range wrong, or zeroes all.
    private func damage(_ range: Range<Int>, zero: Bool = false) throws {
        try scratch.write(
            "image", try scratch.read("image", at: range.lowerBound, count: range.count).map { zero ? 0 : $0 ^ 0x55 },
            at: range.lowerBound)
    }

    /// Of an image whose daemon was killed: where its newer mark is, and the other.
    private func marks() throws -> [Int] {
        let sequences = try (0..<2).map { slot in
            let bytes = try scratch.read("image", at: Int(SyncMarks.offset) + slot * SyncMarks.slotSize + 8, count: 8)
            return bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
        }
        #expect(sequences[0] != sequences[1])
        let newer = sequences[0] > sequences[1] ? 0 : 1
        return [newer, 1 - newer].map { Int(SyncMarks.offset) + $0 * SyncMarks.slotSize }
    }

    /// The image cannot be mounted, and the error names the place.
    private func expectRefusal(at offset: Int) {
        #expect {
            _ = try open()
        } throws: {
            let error = $0 as? ImageError
            return error?.code == .damaged && error?.offset == UInt64(offset)
        }
    }

    @Test(
        "below the mark the mount refuses, for it cannot be known what was there; repair goes on without it",
        arguments: [
            (0..<4, false), (4..<8, false), (8..<28, false), (0..<32, false), (0..<20000, false), (0..<32, true),
            (0..<4128, true), (0..<4200, true), (0..<20000, true),
        ], [false, true])
    func promised(damaged: (part: Range<Int>, zero: Bool), atStart: Bool) throws {
        let part = damaged.part
        var random = Seeded(31)
        let (image, table, old, new) = try image(&random)
        let place = offset(table, 5)
        let first = atStart ? place / LogState.segmentSize * LogState.segmentSize : place
        image.close(clean: false)
        try damage((first + part.lowerBound)..<(first + part.upperBound), zero: damaged.zero)
        expectRefusal(at: first)
        let (reading, problems) = try Image.reading(scratch.file())
        #expect(problems.map(\.offset) == [UInt64(first)])
        reading.close(clean: false)
        let report = try Image.repair(scratch.file())
        #expect(report.problems.map(\.offset) == [UInt64(first)])
        let again = try open()
        let repaired = try #require(again.takeKept(disk: "zram0"))
        for number in 0..<64 {
            let got = try repaired.get(4096, at: UInt64(number) << 12)
            let isLost = !atStart && number >= 5 && number < 5 + (part.count + 4127) / 4128
            #expect(got == page(isLost ? old : new, number), "page \(number)")
        }
    }

    @Test("above the mark nothing was promised: the older content") func notPromised() throws {
        var random = Seeded(32)
        let (image, table, _, new) = try image(&random)
        try table.put(content(4096, kind: 3, &random), at: 5 << 12)
        let place = offset(table, 5)
        image.close(clean: false)
        try damage((place + 8)..<(place + 28))
        let again = try open()
        #expect(try again.takeKept(disk: "zram0")?.get(Self.bytes, at: 0) == new)
    }

    @Test("in a full segment whose summary is younger than the mark: EIO, and that page alone") func full() throws {
        var random = Seeded(33)
        let (image, table, _, new) = try image(&random)
        let place = offset(table, 5)
        try table.put(content(300 << 12, kind: 3, &random), at: 64 << 12)
        image.close(clean: false)
        try damage((place + 8)..<(place + 28))
        try expectLoss(of: 5, at: place, new)
    }

    @Test("so it does if the whole segment is a hole, or its last record is") func hole() throws {
        var random = Seeded(34)
        let (image, table, old, _) = try image(&random)
        let place = offset(table, 5)
        let last = (0..<64).map { offset(table, UInt64($0)) }.max()!
        image.close(clean: false)
        let first = place / LogState.segmentSize * LogState.segmentSize
        try damage(last..<(last + 32), zero: true)
        expectRefusal(at: last)
        #expect(truncate(scratch.file(), off_t(first)) == 0 && truncate(scratch.file(), off_t(first + 1 << 21)) == 0)
        expectRefusal(at: first)
        #expect(try Image.repair(scratch.file()).problems.map(\.offset) == [UInt64(first)])
        let again = try open()
        #expect(try again.takeKept(disk: "zram0")?.get(Self.bytes, at: 0) == [UInt8](repeating: 0, count: old.count))
    }

    @Test("an image of an earlier version says less: what begins with zeroes is a hole") func earlierMark() throws {
        var random = Seeded(35)
        let (image, table, old, new) = try image(&random)
        let place = offset(table, 5)
        image.close(clean: false)
        for mark in try marks() {
            var slot = try scratch.read("image", at: mark, count: SyncMarks.slotSize)
            for index in 0..<32 { slot[52 + index * 8] &= 0xFE }
            let sum = slot.withUnsafeBytes { Checksum.of($0.baseAddress! + 36, count: 268) }
            withUnsafeBytes(of: sum) { slot.replaceSubrange(32..<36, with: $0) }
            try scratch.write("image", slot, at: mark)
        }
        try damage(place..<(place + 6000), zero: true)
        let again = try open()
        let table2 = try #require(again.takeKept(disk: "zram0"))
        for number in 0..<64 {
            #expect(
                try table2.get(4096, at: UInt64(number) << 12) == page([5, 6].contains(number) ? old : new, number))
        }
    }

    @Test("where a write failed and others did not, zeroes are none") func failedWrite() throws {
        let claimed = try ImageFile.claim(scratch.file())
        let image = try Image.keeping(scratch.file(), claimed)
        let table = try image.makeTable(disk: "zram0", pages: 1000, algorithm: .lz4)
        var random = Seeded(36)
        let data = content(4096, kind: 3, &random)
        var isNested = false
        claimed.0.observer = { change throws(Errno) in
            guard case .write(let offset, _) = change, offset > SyncMarks.offset, !isNested else { return }
            isNested = true
            // Behind the room of the one that fails.
            try table.put(data, at: 500 << 12)
            throw .ioError
        }
        #expect(throws: Errno.ioError) { try table.put(data, at: 0) }
        claimed.0.observer = nil
        #expect(offset(table, 500) % LogState.segmentSize > 4000)
        try table.flush()
        image.close(clean: false)
        let again = try open()
        let kept = try #require(again.takeKept(disk: "zram0"))
        #expect(try kept.get(4096, at: 500 << 12) == data && kept.get(1, at: 0) == [0])
    }

    @Test(
        "a header and the summary that tells of it: EIO while the page's entry is whole",
        arguments: [-32..<(-28), -28..<(-24), -20..<(-8), -3000..<(-2900), -32..<0], [false, true])
    func summaryToo(part: Range<Int>, zero: Bool) throws {
        var random = Seeded(37)
        let (image, table, _, new) = try image(&random)
        let place = offset(table, 5)
        try table.put(content(300 << 12, kind: 3, &random), at: 64 << 12)
        for _ in 0..<2 { try table.flush() }
        image.close(clean: false)
        let end = (place / LogState.segmentSize + 1) * LogState.segmentSize
        try damage((end + part.lowerBound)..<(end + part.upperBound))
        try damage((place + 8)..<(place + 28), zero: zero)
        if zero { try damage(place..<(place + 8), zero: true) }
        try expectLoss(of: 5, at: place, new)
    }

    @Test("a bit of the newer mark is put right; if more is wrong the older one counts, and nobody is refused for it")
    func mark() throws {
        var random = Seeded(38)
        let (image, table, _, _) = try image(&random)
        // The first segment dies, and is a hole that the older mark does not know of.
        let newest = content(500 << 12, kind: 3, &random)
        for _ in 0..<2 { try table.put(newest, at: 0) }
        table.compact()
        try table.put(newest, at: 0)
        try table.flush()
        let place = offset(table, 499)
        image.close(clean: false)
        let newer = try marks()[0]
        let whole = try scratch.read("image", count: Int(try file().size()))
        for bit in [3, 40, 64 + 7, 24 * 8] {
            try scratch.write("image", whole)
            try scratch.write("image", [whole[newer + bit / 8] ^ 1 << UInt8(bit % 8)], at: newer + bit / 8)
            try damage((place + 8)..<(place + 28))
            expectRefusal(at: place)
        }
        try scratch.write("image", whole)
        try damage((newer + 8)..<(newer + 30))
        let again = try open()
        #expect(try again.takeKept(disk: "zram0")?.get(newest.count, at: 0) == newest)
    }

    private func file() throws -> ImageFile { try ImageFile.open(scratch.file(), flags: O_RDONLY, action: "open") }
}
