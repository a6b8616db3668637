import Foundation
import SystemPackage
import Testing

@testable import PageStore

/// Pages of an image that is kept that are on a backing device.
@Suite("backing devices of an image that is kept") struct BackingTests {
    private static let pages = 40

    let scratch: Scratch
    private var random = Seeded(51)
    private var bytes: [UInt8] = []

    init() throws {
        scratch = try Scratch()
        bytes = content(Self.pages << 12, kind: 3, &random)
    }

    private func open(_ name: String = "image", _ recorder: CrashRecorder? = nil) throws(ImageError) -> Image {
        let claimed = try ImageFile.claim(scratch.file(name))
        recorder?.watch(claimed.0)
        return try Image.keeping(scratch.file(name), claimed)
    }

    private func device(_ path: String? = nil, blocks: Int = 64) throws -> BackingFile {
        try scratch.write("foreign", [UInt8](repeating: 0, count: blocks * 4096))
        return try BackingFile(opening: path ?? scratch.file("foreign"))
    }

    private func disk(_ image: Image, _ backing: BackingFile, _ name: String = "zram0") throws -> PageTable {
        var options = TableOptions()
        options.backing = backing
        return try image.makeTable(disk: name, pages: UInt64(Self.pages), algorithm: .lz4, options: options)
    }

    private func move(_ pages: Range<Int>, _ table: PageTable) throws {
        for page in pages { #expect(try table.writeBack(page: UInt64(page), filter: PageFilter(.writeBack))) }
    }

    private func page(_ number: Int) -> [UInt8] { Array(bytes[(number << 12)..<((number + 1) << 12)]) }

    @Test("pages there come back with the device, however the daemon ended", arguments: [true, false])
    func comesBack(clean: Bool) throws {
        let image = try open()
        let table = try disk(image, device())
        try table.put(bytes, at: 0)
        try move(3..<9, table)
        try table.put(page(0), at: 3 << 12)
        try table.discard(pages: 4..<5)
        #expect(table.backing?.statistics.count == 4)
        try table.flush()
        image.close(clean: clean)
        var expected = bytes
        expected.replaceSubrange((3 << 12)..<(4 << 12), with: page(0))
        for index in (4 << 12)..<(5 << 12) { expected[index] = 0 }
        for _ in 0..<2 {
            let report = try inspect(imageAt: scratch.file(), check: true)
            #expect(report.tables.map(\.info.backing) == [URL(fileURLWithPath: scratch.file("foreign")).path])
            #expect(report.problems == [])
            let again = try open()
            let kept = try #require(again.takeKept(disk: "zram0"))
            #expect(kept.backing?.statistics.count == 4)
            #expect(kept.states().filter(\.isWrittenBack).map(\.page) == [5, 6, 7, 8])
            #expect(try kept.get(expected.count, at: 0) == expected)
            again.giveBack(kept)
            again.close(clean: clean)
        }
        // What was taken is not given to other pages.
        let last = try open()
        let kept = try #require(last.takeKept(disk: "zram0"))
        try move(10..<20, kept)
        #expect(try kept.get(expected.count, at: 0) == expected)
        kept.free()
        for copy in 0..<2 {
            let place = Int(TableDirectory.place(of: 0, copy: copy))
            #expect(try scratch.read("image", at: place, count: 1024).allSatisfy { $0 == 0 })
        }
        last.close(clean: clean)
        #expect(try inspect(imageAt: scratch.file(), check: true).tables.isEmpty)
        #expect(try open().keptDisks.isEmpty)
    }

    @Test("a crash leaves each page where its record says", arguments: [UInt64(1), 2]) mutating func crash(
        seed: UInt64
    )
        throws
    {
        let recorder = CrashRecorder()
        let image = try open("image", recorder)
        // So small that blocks must be used again.
        let backing = try device(blocks: 13)
        var copies: [(after: Int, change: CrashRecorder.Change)] = []
        backing.file.observer = { change throws(Errno) in
            switch change {
            case .write(let offset, let bytes): copies.append((recorder.changes.count, .write(offset, Array(bytes))))
            default: copies.append((recorder.changes.count, .synchronize))
            }
        }
        let table = try disk(image, backing)
        try table.put(bytes, at: 0)
        try table.flush()
        let begin = recorder.changes.count
        try move(0..<12, table)
        let newer = content(6 << 12, kind: 3, &random)
        let overwritten = recorder.changes.count
        try table.put(newer, at: 0)
        try move(20..<26, table)
        let flushing = recorder.changes.count
        try table.flush()
        let flushed = recorder.changes.count
        image.close(clean: false)
        #expect(flushing > overwritten)
        for end in begin...recorder.changes.count {
            for (index, crashed) in recorder.crashes(at: end).enumerated() {
                try crashed.write(to: scratch.file("copy"))
                try writeDevice(copies.filter { $0.after <= end }.map(\.change), isAll: index % 2 == 0)
                let again = try open("copy")
                defer { again.close(clean: false) }
                let kept = try #require(again.takeKept(disk: "zram0"))
                for number in 0..<Self.pages {
                    let got = try? kept.get(4096, at: UInt64(number) << 12)
                    let isNewer = number < 6 && got == Array(newer[(number << 12)..<((number + 1) << 12)])
                    let isFine = isNewer ? end > overwritten : got == page(number) && (number >= 6 || end < flushed)
                    try #require(isFine, "page \(number) behind change \(end), crash \(index)")
                }
            }
        }
    }

    /// What a crash leaves of the device: all, or what was waited for.
    private func writeDevice(_ changes: [CrashRecorder.Change], isAll: Bool) throws {
        let waits = changes.lastIndex { if case .synchronize = $0 { true } else { false } }
        var device = CrashRecorder.Disk(bytes: [UInt8](repeating: 0, count: 13 * 4096))
        for change in isAll ? changes[...] : changes[..<(waits.map { $0 + 1 } ?? 0)] { device.apply(change) }
        try scratch.write("foreign", device.bytes)
    }

    @Test("without the device the mount refuses, and so does repair; what is in the image can be read") func missing()
        throws
    {
        let image = try open()
        let table = try disk(image, device())
        try table.put(bytes, at: 0)
        try move(3..<9, table)
        image.close(clean: true)
        let path = scratch.file("foreign")
        #expect(rename(path, scratch.file("copy")) == 0)
        for attempt in [{ _ = try self.open() }, { _ = try Image.repair(self.scratch.file()) }] {
            #expect {
                try attempt()
            } throws: {
                let error = $0 as? ImageError
                return error?.path == path && error?.cause == .noSuchFileOrDirectory
            }
        }
        let (reading, _) = try Image.reading(scratch.file())
        let found = try #require(reading.takeKept(disk: "zram0"))
        #expect(throws: Errno.ioError) { try found.get(4096, at: 3 << 12) }
        #expect(try found.get(3 << 12, at: 0) == Array(bytes[..<(3 << 12)]))
        reading.close(clean: false)
        #expect(rename(scratch.file("copy"), path) == 0)
        let again = try open()
        #expect(try again.takeKept(disk: "zram0")?.get(bytes.count, at: 0) == bytes)
    }

    @Test("a block that is not what was written there: EIO, and a word of it; a wrong bit of its record is put right")
    func damaged() throws {
        let image = try open()
        let table = try disk(image, device())
        try table.put(bytes, at: 0)
        try move(3..<9, table)
        let block = try #require(table.backed(5, table.map[5])).block
        let header = Int(table.map[7].value)
        image.close(clean: true)
        try scratch.write("foreign", [bytes[5 << 12] ^ 1], at: Int(block) << 12)
        try scratch.write("image", [try scratch.read("image", at: header + 18, count: 1)[0] ^ 8], at: header + 18)
        let again = try open()
        let reported = Guarded<[UInt64]>([])
        again.onDamage { _, page, _ in reported.withLock { $0.append(page) } }
        var kept = try #require(again.takeKept(disk: "zram0"))
        for number in 0..<Self.pages {
            let got = try? kept.get(4096, at: UInt64(number) << 12)
            #expect(got == ([5, 7].contains(number) ? nil : page(number)), "page \(number)")
        }
        #expect(reported.withLock { $0 } == [5, 7])
        again.giveBack(kept)
        again.close(clean: true)
        let report = try Image.repair(scratch.file())
        #expect(report.restored.map(\.page) == [7] && report.lost.map(\.page) == [5])
        let last = try open()
        kept = try #require(last.takeKept(disk: "zram0"))
        #expect(try kept.get(4096, at: 7 << 12) == page(7))
        #expect(try kept.get(4096, at: 5 << 12) == [UInt8](repeating: 0, count: 4096))
    }

    @Test("cleaning moves the records that name blocks; a long path takes several entries") func moved() throws {
        let folder = (0..<3).map { _ in String(repeating: "b", count: 200) }.joined(separator: "/")
        let place = "\(scratch.path)/\(folder)"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: "\(scratch.path)/\(folder.prefix(200))") }
        try Data(count: 64 << 12).write(to: URL(fileURLWithPath: "\(place)/device"))
        let image = try open()
        let table = try disk(image, BackingFile(opening: "\(place)/device"))
        try table.put(bytes, at: 0)
        try move(3..<9, table)
        let before = table.map[5].value
        let other = try image.makeTable(disk: "zram1", pages: 4000, algorithm: .lz4)
        for _ in 0..<3 { try other.put([UInt8](repeating: 0, count: 256 << 12) + bytes, at: 0) }
        for _ in 0..<12 { try table.put(page(20), at: 20 << 12); try other.put(bytes + bytes + bytes, at: 0) }
        table.compact()
        try #require(table.map[5].value != before)
        try table.put(page(20), at: 20 << 12)
        #expect(try table.get(bytes.count, at: 0) == bytes)
        try table.flush()
        image.close(clean: false)
        let again = try open()
        #expect(again.keptDisks.map(\.backing) == ["\(place)/device", nil])
        #expect(try again.takeKept(disk: "zram0")?.get(bytes.count, at: 0) == bytes)
    }
}
