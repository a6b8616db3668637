import Glibc
import SystemPackage
import Testing

@testable import PageStore

/// What is gone from an image behind the back of who uses it: nobody may take the rest for all.
@Suite("an image that loses something") struct LossTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static let pages = 1200

    private func filled(seed: UInt64 = 5) throws -> (Image, PageTable, [UInt8]) {
        let image = try Image.keeping(scratch.file())
        let table = try image.makeTable(disk: "zram0", pages: 4000, algorithm: .lz4)
        var random = Seeded(seed)
        let bytes = content(Self.pages << 12, kind: 3, &random)
        try table.put(bytes, at: 0)
        try table.flush()
        return (image, table, bytes)
    }

    /// The mount refuses, check and export say so, and repair goes on; no page has a content that it never had.
    private func expectDamage(_ histories: [[UInt8]]) throws {
        #expect {
            _ = try Image.keeping(scratch.file())
        } throws: { ($0 as? ImageError)?.code == .damaged }
        #expect(try inspect(imageAt: scratch.file(), check: true).problems != [])
        let (reading, problems) = try Image.reading(scratch.file())
        #expect(problems != [])
        reading.close(clean: false)
        #expect(try Image.repair(scratch.file()).problems != [])
        let repaired = try Image.keeping(scratch.file())
        let table = try #require(repaired.takeKept(disk: "zram0"))
        for page in 0..<Self.pages {
            let got = try table.get(4096, at: UInt64(page << 12))
            let range = page << 12..<(page + 1) << 12
            let isKnown = got.allSatisfy { $0 == 0 } || histories.contains { Array($0[range]) == got }
            #expect(isKnown, "page \(page)")
        }
    }

    enum Then: CaseIterable {
        case nothing, flush, overwrite, grow, all
    }

    @Test(
        "cut off while it is in use: its user is told, and so is the next", arguments: [1 << 20, 1_100_000, 4 << 20],
        Then.allCases)
    func cutOff(length: Int, then: Then) throws {
        let (image, table, bytes) = try filled()
        #expect(truncate(scratch.file(), off_t(length)) == 0)
        #expect(image.isCutOff)
        var random = Seeded(6)
        let new = content(Self.pages << 12, kind: 3, &random)
        func write(_ pages: Range<Int>) {
            for page in pages { try? table.put(Array(new[(page << 12)..<((page + 1) << 12)]), at: UInt64(page << 12)) }
        }
        switch then {
        case .nothing: break
        case .flush: #expect(throws: Errno.ioError) { try table.flush() }
        case .overwrite: write(0..<5)
        case .grow: write(0..<Self.pages)
        case .all:
            write(0..<Self.pages)
            #expect(throws: Errno.ioError) { try table.flush() }
            #expect(throws: Errno.ioError) { try table.flush() }
        }
        #expect(image.isCutOff)
        image.close(clean: true)
        try expectDamage([bytes, new])
    }

    @Test("cut off, and the daemon killed") func cutOffAndKilled() throws {
        let (image, _, bytes) = try filled()
        #expect(truncate(scratch.file(), 3 << 20) == 0)
        image.close(clean: false)
        try expectDamage([bytes])
    }

    @Test("a whole segment that is a hole", arguments: [1, 2, 3]) func hole(segment: Int) throws {
        let (image, _, bytes) = try filled()
        image.close(clean: true)
        let file = try ImageFile.open(scratch.file(), flags: O_RDWR, action: "open")
        let size = LogState.segmentSize
        let isReserve = try scratch.read("image", at: segment * size, count: size).allSatisfy { $0 == 0 }
        file.punch(at: UInt64(segment * size), count: UInt64(size))
        if isReserve {
            try Image.keeping(scratch.file()).close(clean: true)
        } else {
            try expectDamage([bytes])
        }
    }

    @Test("a whole segment that is as it was at an earlier end") func stale() throws {
        let (image, _, old) = try filled()
        image.close(clean: true)
        let size = LogState.segmentSize
        let before = try scratch.read("image", count: 12 * size)
        let again = try Image.keeping(scratch.file())
        let table = try #require(again.takeKept(disk: "zram0"))
        var random = Seeded(7)
        let new = content(Self.pages << 12, kind: 3, &random)
        try table.put(new, at: 0)
        try table.flush()
        again.close(clean: true)
        let after = try scratch.read("image", count: 12 * size)
        let index = try #require(
            (1..<after.count / size).first {
                after[($0 * size)..<($0 * size + 64)] != before[($0 * size)..<min(before.count, $0 * size + 64)]
                    && after[$0 * size] != 0
            })
        var stale = Array(before.dropFirst(index * size).prefix(size))
        stale += [UInt8](repeating: 0, count: size - stale.count)
        try scratch.write("image", stale, at: index * size)
        try expectDamage([old, new])
    }

    @Test("check finds what a read finds, in a segment whose summary hides it", arguments: [true, false])
    func check(clean: Bool) throws {
        let (image, table, _) = try filled()
        let place = Int(table.map[5].value)
        for _ in 0..<2 { try table.flush() }
        image.close(clean: clean)
        #expect(try inspect(imageAt: scratch.file(), check: true).problems == [])
        try scratch.write("image", [UInt8](repeating: 0, count: 4128), at: place)
        let report = try inspect(imageAt: scratch.file(), check: true)
        #expect(report.problems.map(\.page) == [5] && report.problems.map(\.offset) == [UInt64(place)])
        let again = try Image.keeping(scratch.file())
        #expect(throws: Errno.ioError) { try again.takeKept(disk: "zram0")?.get(4096, at: 5 << 12) }
    }

    @Test("a disk that was not filled to its end does not look whole", arguments: [true, false])
    func incomplete(clean: Bool) throws {
        var options = TableOptions()
        options.isIncomplete = true
        for isEnded in [false, true] {
            let image = try Image.keeping(scratch.file())
            let table = try image.makeTable(disk: "zram0", pages: 100, algorithm: .lz4, options: options)
            try table.put([7], at: 0)
            try table.setLimit(pages: 50)
            if isEnded { try table.complete() } else { try table.flush() }
            image.close(clean: clean)
            let report = try inspect(imageAt: scratch.file(), check: true)
            #expect(report.problems.compactMap(\.disk) == (isEnded ? [] : ["zram0"]))
            #expect(report.tables.count == (isEnded ? 1 : 0))
            let again = try Image.keeping(scratch.file())
            #expect(again.keptDisks.map(\.disk) == (isEnded ? ["zram0"] : []))
            again.close(clean: clean)
            #expect(try inspect(imageAt: scratch.file(), check: true).problems == [])
        }
    }
}
