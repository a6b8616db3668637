import Foundation
import SystemPackage
import Testing

@testable import PageStore

/// A host whose disk lies: what is noticed, and what cannot be; docs/image.md has the table.
@Suite("storage faults") struct StorageFaultTests {
    let scratch: Scratch
    private static let pages = 600

    init() throws { scratch = try Scratch() }

    enum Fault: CaseIterable {
        /// A block was written to another block's place.
        case misdirectedWrite
        /// A block that was acknowledged is not there: zeroes, or what was there at the end before.
        case lostWrite, staleRead
        case truncation
    }

    /// What became of an image with a fault.
    private struct Outcome {
        var refused = 0
        var errors = 0
        /// A content that the page had, and no longer has.
        var old = 0
        var right = 0
    }

    /// An image after two lives, and as it was after the first; the contents of both.
    private func image(clean: Bool) throws -> (before: [UInt8], after: [UInt8], contents: [[[UInt8]]]) {
        var random = Seeded(91)
        var bytes: [[UInt8]] = []
        var contents: [[[UInt8]]] = []
        for life in 0..<2 {
            let image = try Image.keeping(scratch.file())
            let table =
                try image.takeKept(disk: "zram0")
                ?? image.makeTable(disk: "zram0", pages: UInt64(Self.pages), algorithm: .lz4)
            contents.append(contents.last ?? Array(repeating: [UInt8](repeating: 0, count: 4096), count: Self.pages))
            for page in 0..<Self.pages where life == 0 || page % 3 == 0 {
                let data = content(4096, kind: 2 + page % 2, &random)
                try table.put(data, at: UInt64(page) << 12)
                contents[life][page] = data
            }
            for _ in 0..<3 { try table.flush() }
            image.close(clean: clean)
            bytes.append(try [UInt8](Data(contentsOf: URL(fileURLWithPath: scratch.file()))))
        }
        return (bytes[0], bytes[1], contents)
    }

    /// - Returns: nil if a page has a content that it never had.
    private func outcome(_ bytes: [UInt8], _ contents: [[[UInt8]]]) throws -> Outcome? {
        try CrashRecorder.Disk(bytes: bytes).write(to: scratch.file("copy"))
        var outcome = Outcome()
        guard let image = try? Image.keeping(scratch.file("copy")) else {
            outcome.refused = 1
            return outcome
        }
        defer { image.close(clean: false) }
        guard let table = image.takeKept(disk: "zram0") else { return nil }
        for page in 0..<Self.pages {
            guard let got = try? table.get(4096, at: UInt64(page) << 12) else {
                outcome.errors += 1
                continue
            }
            if got == contents[1][page] {
                outcome.right += 1
            } else if got == contents[0][page] || got.allSatisfy({ $0 == 0 }) {
                outcome.old += 1
            } else {
                return nil
            }
        }
        return outcome
    }

    @Test(
        "no page ever has a content that it never had; an older one after a proper end never, but for a stale read",
        arguments: Fault.allCases, [true, false])
    func faults(fault: Fault, clean: Bool) throws {
        let (before, after, contents) = try image(clean: clean)
        let size = 4096
        let blocks = after.count / size
        let used = (0..<blocks).filter { block in after[(block * size)..<((block + 1) * size)].contains { $0 != 0 } }
        var random = Seeded(92)
        var noticed = 0
        var old = 0
        let rounds = ProcessInfo.processInfo.environment["ZRAMFS_FLIPS"].flatMap(Int.init) ?? 40
        for _ in 0..<rounds {
            var bytes = after
            let block = used.randomElement(using: &random)!
            let range = (block * size)..<((block + 1) * size)
            switch fault {
            case .misdirectedWrite:
                let other = used.randomElement(using: &random)!
                bytes.replaceSubrange(range, with: after[(other * size)..<((other + 1) * size)])
            case .lostWrite: bytes.replaceSubrange(range, with: [UInt8](repeating: 0, count: size))
            case .staleRead:
                let stale = before.count >= range.upperBound ? Array(before[range]) : [UInt8](repeating: 0, count: size)
                bytes.replaceSubrange(range, with: stale)
            case .truncation: bytes.removeLast(bytes.count - range.lowerBound)
            }
            if bytes == after { continue }
            // Without its first block a file is no image, and refused.
            let found = try #require(try outcome(bytes, contents), "block \(block)")
            noticed += found.refused + min(1, found.errors)
            old += found.old
            if clean { #expect(found.old == 0 || fault == .staleRead, "block \(block)") }
            if fault == .truncation { #expect(found.refused == 1, "block \(block)") }
        }
        print("\(fault), \(clean ? "closed" : "killed"): noticed \(noticed) of \(rounds), older pages \(old)")
        #expect(noticed > rounds / 4 || fault == .staleRead)
    }
}
