import Glibc
import SystemPackage
import Testing

@testable import PageStore

/// An image that is kept, on a host that has nothing more to give, through every kind of end.
@Suite("kept images on a full host", .enabled(if: geteuid() == 0, "needs root, to mount a small tmpfs"))
struct FullHostTests {
    /// A file system of its own, as long as the test.
    final class Host {
        let path: String
        init(mebibytes: Int) throws {
            var template = Array("/tmp/pagestore-full.XXXXXX".utf8CString)
            try #require(mkdtemp(&template) != nil)
            path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(mebibytes)m") == 0)
        }

        deinit {
            umount2(path, Int32(MNT_DETACH))
            rmdir(path)
        }

        var image: String { "\(path)/image" }

        /// Another file takes all that is left.
        func fill() throws {
            let file = try ImageFile.open("\(path)/other", flags: O_RDWR | O_CREAT, action: "open")
            var place = try file.size()
            while file.preallocate(at: place, count: 4096) { place += 4096 }
        }

        func empty() { unlink("\(path)/other") }
    }

    enum End: CaseIterable {
        case clean, killed, killedInTheMiddle
    }

    private static let pages = 6900

    @Test("27 MiB that live are written over for ever, whoever takes what is left of 48", arguments: End.allCases)
    func overwrite(end: End) throws {
        let host = try Host(mebibytes: 48)
        var random = Seeded(71)
        let contents = (0..<16).map { _ in content(4096, kind: 3, &random) }
        var held = [Int](repeating: 0, count: Self.pages)
        func write(_ table: PageTable, _ page: Int, _ which: Int) throws(Errno) {
            try table.put(contents[which], at: UInt64(page << 12))
            held[page] = which
        }
        do {
            let image = try Image.keeping(host.image)
            let table = try image.makeTable(disk: "zram0", pages: UInt64(Self.pages), algorithm: .lz4)
            for page in 0..<Self.pages { try write(table, page, 0) }
            try table.flush()
            image.close(clean: true)
        }
        for round in 0..<12 {
            // By then the dead records are everywhere.
            if round == 1 { try host.fill() }
            let claimed = try ImageFile.claim(host.image)
            let image = try Image.keeping(host.image, claimed)
            let table = try #require(image.takeKept(disk: "zram0"))
            for page in stride(from: round, to: Self.pages, by: 7) {
                #expect(
                    try table.get(4096, at: UInt64(page << 12)) == contents[held[page]], "round \(round), page \(page)")
            }
            for step in 0..<Self.pages / 2 {
                try write(table, Int.random(in: 0..<Self.pages, using: &random), step % 16)
            }
            try table.flush()
            switch end {
            case .clean: image.close(clean: true)
            case .killed: image.close(clean: false)
            case .killedInTheMiddle:
                // The host takes so many more changes, and then nothing any more.
                let left = Guarded(Int.random(in: 0..<60, using: &random))
                claimed.0.observer = { change throws(Errno) in
                    if case .synchronize = change { return }
                    let isLast = left.withLock { left in
                        left -= 1
                        return left < 0
                    }
                    if isLast { throw .ioError }
                }
                let before = held
                _ = table.compact()
                #expect(held == before)
                image.close(clean: false)
            }
        }
    }

    @Test("with no room at all pages can still be dropped, and then there is some", arguments: [1, 3, 40])
    func drop(stride: Int) throws {
        let host = try Host(mebibytes: 16)
        var random = Seeded(73)
        let contents = (0..<16).map { _ in content(4096, kind: 3, &random) }
        let image = try Image.keeping(host.image)
        let table = try image.makeTable(disk: "zram0", pages: 8000, algorithm: .lz4)
        var stored = 0
        #expect(throws: Errno.noSpace) {
            while stored < 8000 {
                try table.put(contents[stored % 16], at: UInt64(stored << 12))
                stored += 1
            }
        }
        try host.fill()
        for page in Swift.stride(from: 0, to: stored, by: stride) { try table.discard(page: UInt64(page)) }
        // Only where much was dropped is there much to be had.
        for page in 0..<(stored / stride / 2) { try table.put(contents[page % 16], at: UInt64((page * stride) << 12)) }
        try table.flush()
        image.close(clean: false)
        let again = try Image.keeping(host.image)
        let kept = try #require(again.takeKept(disk: "zram0"))
        for page in 0..<stored {
            let which = page % stride != 0 ? page % 16 : page / stride < stored / stride / 2 ? page / stride % 16 : nil
            let expected = which.map { contents[$0] } ?? [UInt8](repeating: 0, count: 4096)
            try #require(try kept.get(4096, at: UInt64(page << 12)) == expected, "page \(page)")
        }
    }

    @Test("compact and repair need no room") func tools() throws {
        let host = try Host(mebibytes: 48)
        var random = Seeded(72)
        let contents = (0..<16).map { _ in content(4096, kind: 3, &random) }
        let image = try Image.keeping(host.image)
        let table = try image.makeTable(disk: "zram0", pages: UInt64(Self.pages), algorithm: .lz4)
        var held = [Int](repeating: 0, count: Self.pages)
        for step in 0..<2 * Self.pages {
            let page = step < Self.pages ? step : Int.random(in: 0..<Self.pages, using: &random)
            try table.put(contents[step % 16], at: UInt64(page << 12))
            held[page] = step % 16
        }
        try table.flush()
        try host.fill()
        image.close(clean: false)
        try host.fill()
        #expect(try Image.repair(host.image).lost == [])
        try host.fill()
        let again = try Image.keeping(host.image)
        #expect(try again.compact() > 0)
        let kept = try #require(again.takeKept(disk: "zram0"))
        for page in 0..<Self.pages {
            try #require(try kept.get(4096, at: UInt64(page << 12)) == contents[held[page]], "page \(page)")
        }
        again.close(clean: true)
    }
}
