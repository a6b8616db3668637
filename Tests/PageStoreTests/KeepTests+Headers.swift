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

    /// Makes several bits of a range wrong.
    private func damage(_ range: Range<Int>) throws {
        try scratch.write(
            "image", try scratch.read("image", at: range.lowerBound, count: range.count).map { $0 ^ 0x55 },
            at: range.lowerBound)
    }

    @Test(
        "below the mark the mount refuses, for it cannot be known what was there; repair goes on without it",
        arguments: [0..<4, 4..<8, 8..<28, 0..<32, 0..<20000], [false, true])
    func promised(part: Range<Int>, atStart: Bool) throws {
        var random = Seeded(31)
        let (image, table, old, new) = try image(&random)
        let place = offset(table, 5)
        let first = atStart ? place / LogState.segmentSize * LogState.segmentSize : place
        image.close(clean: false)
        try damage((first + part.lowerBound)..<(first + part.upperBound))
        #expect {
            _ = try open()
        } throws: {
            let error = $0 as? ImageError
            return error?.code == .damaged && error?.offset == UInt64(first)
        }
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
        for _ in 0..<2 {
            let again = try open()
            let reported = Guarded<[UInt64]>([])
            again.onDamage { _, page, offset in reported.withLock { $0 += [page, offset] } }
            let table = try #require(again.takeKept(disk: "zram0"))
            for number in 0..<64 {
                let got = try? table.get(4096, at: UInt64(number) << 12)
                #expect(got == (number == 5 ? nil : page(new, number)), "page \(number)")
            }
            #expect(reported.withLock { $0 } == [5, UInt64(place)])
            again.close(clean: true)
        }
    }
}
