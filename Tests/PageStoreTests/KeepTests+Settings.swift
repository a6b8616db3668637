import Foundation
import SystemPackage
import Testing

@testable import PageStore

/// What is kept of a disk beside its pages: the level of its compressor, and the limit of its memory.
extension KeepTests {
    private static let pages = 64

    private func disk(
        _ image: Image, _ name: String = "zram0", level: Int32?, limit: UInt64 = 0
    ) throws -> PageTable {
        var options = TableOptions()
        options.level = level
        options.limitPages = limit
        return try image.makeTable(disk: name, pages: UInt64(Self.pages), algorithm: .zstd, options: options)
    }

    /// Bytes that levels of zstd compress to different lengths.
    private func text() -> [UInt8] {
        var random = Seeded(9)
        let words = (0..<200).map { _ in
            (0..<Int.random(in: 2...9, using: &random)).map { _ in UInt8(random.next() % 26) }
        }
        var bytes: [UInt8] = []
        while bytes.count < Self.pages << 12 { bytes += words.randomElement(using: &random)! }
        return Array(bytes.prefix(Self.pages << 12))
    }

    private func stored(_ table: PageTable) throws -> UInt64 {
        try table.put(text(), at: 0)
        return table.statistics.comprDataSize
    }

    @Test("a level comes back with its disk", arguments: [true, false]) func level(clean: Bool) throws {
        let levels: [Int32?] = [nil, 0, 19, -5]
        var image = try open()
        let before = try levels.enumerated().map { try stored(disk(image, "zram\($0)", level: $1)) }
        // What is not asked for is 3, as 0 is; the others are told apart by what they make of the text.
        #expect(before[0] == before[1] && Set(before).count == 3)
        try #require(image.log.tables.withLock { $0.values.first }).flush()
        for _ in 0..<2 {
            image.close(clean: clean)
            #expect(try inspect(imageAt: scratch.file(), check: true).tables.map(\.info.level) == levels)
            image = try open()
            #expect(image.keptDisks.map(\.level) == levels)
            for (index, disk) in image.keptDisks.enumerated() {
                let table = try #require(image.takeKept(disk: disk.disk))
                #expect(try stored(table) == before[index])
                image.giveBack(table)
            }
        }
    }

    @Test("a limit comes back with its disk, once it was set, whatever comes then", arguments: [true, false])
    func limit(clean: Bool) throws {
        var image = try open()
        var table = try disk(image, level: nil, limit: 7)
        #expect(table.statistics.memLimit == 7 * 4096)
        for limit in [UInt64(7), 2, 1 << 40, 0, 3] {
            // There is no flush behind it: a limit is kept from the moment that it is set.
            try table.setLimit(pages: limit)
            image.close(clean: clean)
            #expect(try inspect(imageAt: scratch.file(), check: true).tables.map(\.info.memLimit) == [limit * 4096])
            image = try open()
            table = try #require(image.takeKept(disk: "zram0"))
            #expect(table.statistics.memLimit == limit * 4096)
        }
        var random = Seeded(4)
        #expect(throws: Errno.noMemory) { try table.put(content(20 << 12, kind: 3, &random), at: 0) }
        table.free()
        #expect(throws: Errno.ioError) { try table.setLimit(pages: 5) }
        _ = try disk(image, level: nil)
        image.close(clean: clean)
        #expect(throws: Errno.ioError) { try table.setLimit(pages: 5) }
        let last = try open()
        #expect(last.keptDisks.map(\.memLimit) == [0], "nothing of a freed disk's is its successor's")
    }

    @Test("both copies of an entry have them, and the second is written when the first is safe") func copies() throws {
        let claimed = try ImageFile.claim(scratch.file())
        let image = try Image.keeping(scratch.file(), claimed)
        let table = try disk(image, level: 5)
        let recorder = CrashRecorder()
        recorder.watch(claimed.0)
        try table.setLimit(pages: 6)
        var steps: [UInt64?] = []
        for change in recorder.changes {
            switch change {
            case .write(let offset, _) where offset < SyncMarks.offset: steps.append(offset)
            case .synchronize: steps.append(nil)
            default: break
            }
        }
        let places = (0..<2).map { TableDirectory.place(of: 0, copy: $0) }
        #expect(steps == [places[0], nil, places[1], nil])
        for place in places {
            let slot = try scratch.read("image", at: Int(place), count: TableDirectory.slotSize)
            #expect(slot[112...] == [5, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 0, 0, 0, 0, 0, 0])
        }
        try table.setLimit(pages: 6)
        #expect(recorder.changes.count { if case .synchronize = $0 { true } else { false } } == 2, "it was that before")
    }

    @Test("a host that does not take a limit: the error, and the old one stays", arguments: [0, 1])
    func refusedLimit(copy: Int) throws {
        let claimed = try ImageFile.claim(scratch.file())
        let failing = Guarded(false)
        claimed.0.observer = { change throws(Errno) in
            guard case .write(let offset, _) = change, offset == TableDirectory.place(of: 0, copy: copy) else { return }
            // Once: what it holds already it can write again.
            if failing.withLock({ isFailing in
                defer { isFailing = false }; return isFailing
            }) {
                throw .noSpace
            }
        }
        let image = try Image.keeping(scratch.file(), claimed)
        let table = try disk(image, level: nil, limit: 9)
        failing.withLock { $0 = true }
        #expect(throws: Errno.noSpace) { try table.setLimit(pages: 4) }
        #expect(table.statistics.memLimit == 9 * 4096)
        image.close(clean: false)
        #expect(try inspect(imageAt: scratch.file(), check: true).problems == [])
        #expect(try open().keptDisks.map(\.memLimit) == [9 * 4096])
    }

    @Test("an image of an earlier version has neither") func earlier() throws {
        let image = try open()
        let table = try disk(image, level: 19, limit: 200)
        try table.put(text(), at: 0)
        try table.flush()
        image.close(clean: true)
        for copy in 0..<2 {
            let place = Int(TableDirectory.place(of: 0, copy: copy))
            var slot = try scratch.read("image", at: place, count: TableDirectory.slotSize)
            for index in 112..<128 { slot[index] = 0 }
            let sum = slot.withUnsafeBytes { Checksum.of($0.baseAddress! + 8, count: 120) }
            withUnsafeBytes(of: sum) { slot.replaceSubrange(4..<8, with: $0) }
            try scratch.write("image", slot, at: place)
        }
        let again = try open()
        let found = try #require(again.keptDisks.first)
        #expect(found.level == nil && found.memLimit == 0 && found.storedPages == UInt64(Self.pages))
        let kept = try #require(again.takeKept(disk: "zram0"))
        #expect(try kept.get(Self.pages << 12, at: 0) == text())
        #expect(kept.compressor.level == Algorithm.zstd.defaultLevel)
    }
}
