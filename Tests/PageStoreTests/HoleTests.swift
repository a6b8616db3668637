import SystemPackage
import Testing

@testable import PageStore

/// Holes that a crash of the host tears, and what was in them.
@Suite("holes of an image that is kept") struct HoleTests {
    private static let pages = 400
    private static let segment = LogState.segmentSize
    private static let quarters = [0, segment / 4, segment / 2, segment * 3 / 4]

    let scratch: Scratch
    let recorder = CrashRecorder()
    private var random = Seeded(41)

    init() throws { scratch = try Scratch() }

    private func open(_ name: String = "image", _ recorder: CrashRecorder? = nil) throws -> Image {
        let claimed = try ImageFile.claim(scratch.file(name))
        recorder?.watch(claimed.0)
        return try Image.keeping(scratch.file(name), claimed)
    }

    private func disk(_ image: Image, _ name: String = "zram0") throws -> PageTable {
        try image.makeTable(disk: name, pages: UInt64(Self.pages), algorithm: .lz4)
    }

    /// Writes incompressible pages.
    private mutating func put(_ pages: Range<Int>, _ table: PageTable, _ expected: inout [UInt8]) throws {
        let data = content(pages.count << 12, kind: 3, &random)
        try table.put(data, at: UInt64(pages.lowerBound) << 12)
        expected.replaceSubrange((pages.lowerBound << 12)..<(pages.upperBound << 12), with: data)
    }

    /// The pages of a recovered disk that are not as expected.
    private func wrong(_ crashed: CrashRecorder.Disk, _ name: String, _ expected: [UInt8]) throws -> [Int] {
        try crashed.write(to: scratch.file("copy"))
        let image = try open("copy")
        defer { image.close(clean: false) }
        let table = try #require(image.takeKept(disk: name))
        return (0..<(expected.count >> 12)).filter { page in
            (try? table.get(4096, at: UInt64(page) << 12)) != Array(expected[(page << 12)..<((page + 1) << 12)])
        }
    }

    @Test("a summary goes before its records do: of copies with one number it would be the torn ones that count")
    mutating func summary() throws {
        var expected = [UInt8](repeating: 0, count: Self.pages << 12)
        let image = try open("image", recorder)
        let table = try disk(image)
        try put(0..<300, table, &expected)
        let first = LogState.segment(of: table.map[0].value)
        try put(40..<300, table, &expected)
        for _ in 0..<2 { try table.flush() }
        // What still lives in it is copied to a later segment.
        table.compact()
        #expect(LogState.segment(of: table.map[20].value) > first)
        image.close(clean: false)
        let hole = try #require(recorder.holes(of: first).last)
        for crashed in recorder.tornHoles(hole, at: Self.quarters) {
            #expect(try wrong(crashed, "zram0", expected) == [])
        }
    }

    @Test("a segment that is emptied before it has a summary is off the mark before it is a hole")
    mutating func mark() throws {
        var expected = [UInt8](repeating: 0, count: Self.pages << 12)
        let image = try open("image", recorder)
        var table = try disk(image)
        // A short record first, so that a later header is cut in two by the end of a block.
        try table.put([UInt8](repeating: 7, count: 4096), at: 399 << 12)
        try put(0..<252, table, &expected)
        let first = LogState.segment(of: table.map[0].value)
        try #require(LogState.segment(of: table.map[251].value) == first)
        let cut = try #require((0..<252).map { Int(table.map[UInt64($0)].value) }.first { $0 % 4096 == 4080 })
        try table.flush()
        table.free()
        table = try disk(image, "zram1")
        expected = [UInt8](repeating: 0, count: Self.pages << 12)
        try put(0..<100, table, &expected)
        #expect(LogState.segment(of: table.map[0].value) > first)
        table.compact()
        image.close(clean: false)
        let hole = try #require(recorder.holes(of: first).last)
        for crashed in recorder.tornHoles(hole, at: Self.quarters + [(cut + 16) % Self.segment]) {
            #expect(try wrong(crashed, "zram1", expected) == [])
        }
    }

    @Test("a hole is written to when it is on the disk, and no sooner: a torn write would uncover what was there")
    mutating func reuse() throws {
        let image = try open("image", recorder)
        let table = try disk(image)
        let data = content(252 << 12, kind: 3, &random)
        for _ in 0..<60 { try table.put(data, at: 0) }
        image.close(clean: false)
        var fresh: Set<Int> = []
        var old: Set<Int> = []
        var reused = 0
        for change in recorder.changes {
            switch change {
            case .punch(let offset, let count):
                fresh.formUnion(LogState.segment(of: offset)..<LogState.segment(of: offset + count))
            case .synchronize:
                old.formUnion(fresh)
                fresh = []
            case .write(let offset, _):
                #expect(!fresh.contains(LogState.segment(of: offset)))
                if old.remove(LogState.segment(of: offset)) != nil { reused += 1 }
            case .truncate: break
            }
        }
        #expect(reused > 8)
    }

    @Test("what a crash tore is not taken for damage after the next one", arguments: [60, 252])
    mutating func tornTwice(count: Int) throws {
        var expected = [UInt8](repeating: 0, count: Self.pages << 12)
        let image = try open("image", recorder)
        let table = try disk(image)
        try put(0..<count, table, &expected)
        try table.flush()
        // In the same segment, or alone in the next.
        try table.put(content(4096, kind: 3, &random), at: 5 << 12)
        let last = try #require(
            recorder.changes.lastIndex { if case .write(_, let data) = $0 { data.count == 4128 } else { false } })
        image.close(clean: false)
        var torn = CrashRecorder.Disk()
        for change in recorder.changes[..<last] { torn.apply(change) }
        torn.apply(recorder.changes[last], to: 1000)
        #expect(try wrong(torn, "zram0", expected) == [])

        try torn.write(to: scratch.file())
        let second = CrashRecorder()
        let again = try open("image", second)
        let kept = try #require(again.takeKept(disk: "zram0"))
        #expect(try kept.get(expected.count, at: 0) == expected)
        let first = LogState.segment(of: kept.map[20].value)
        // Now the rest of its segment dies, and that becomes a hole.
        let promised = second.changes.count
        try put(20..<400, kept, &expected)
        try put(20..<count, kept, &expected)
        try kept.flush()
        let replaced = second.changes.count
        kept.compact()
        again.close(clean: false)
        #expect(!second.holes(of: first).isEmpty)
        // Just before a wait anything can be there, or not.
        for end in second.waits + [second.changes.count] where !(promised..<replaced).contains(end) {
            for crashed in second.crashes(at: end, on: torn) {
                let wrong = try wrong(crashed, "zram0", expected)
                try #require(wrong.filter { $0 < 20 || end >= replaced } == [], "behind change \(end)")
            }
        }
    }
}
