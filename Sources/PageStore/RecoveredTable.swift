import Glibc
import SystemPackage

/// A table on its way, with the number of each page's record so far.
final class RecoveredTable {
    let table: PageTable
    private let sequences: UnsafeMutablePointer<UInt64>
    private let bytes: Int

    /// - Throws: `ENOMEM`.
    init(_ table: PageTable) throws(Errno) {
        self.table = table
        bytes = Int(table.pages) * MemoryLayout<UInt64>.size
        sequences = try PageMap.map(bytes).assumingMemoryBound(to: UInt64.self)
    }

    deinit { munmap(sequences, bytes) }

    /// Points a page to a record unless a newer one is known.
    /// - Parameter isBetter: asked if the same record is known from another place.
    func adopt(_ header: RecordHeader, _ offset: UInt64, isBetter: (UInt64) -> Bool) {
        guard header.page < table.pages, let entry = Self.entry(header, offset) else { return }
        let known = sequences[Int(header.page)]
        guard header.sequence > known || header.sequence == known && isBetter(table.map[header.page].value) else {
            return
        }
        sequences[Int(header.page)] = header.sequence
        table.map[header.page] = entry
        table.map.touch(header.page)
    }

    private static func entry(_ header: RecordHeader, _ offset: UInt64) -> PageEntry? {
        switch RecordKind(rawValue: header.kind) {
        case .lz4, .zstd, .deflate, .lzo: .stored(offset: offset, length: Int(header.length), huge: false)
        case .raw: .stored(offset: offset, length: Int(header.length), huge: true)
        case .same where header.length == RecordHeader.wordSize: .recordedSame(offset: offset)
        case .dropped where header.length == RecordHeader.wordSize: .recordedEmpty(offset: offset)
        case .writtenBack where header.length == BackedPage.size: .recordedBack(offset: offset)
        default: nil
        }
    }

    /// Counts what lives where.
    func count(into books: inout LogState) {
        table.accounts.withLock { counters in
            table.map.forEachRun(in: 0..<table.pages) { run in
                guard table.map.isTouched(run.lowerBound) else { return }
                for page in run {
                    let entry = table.map[page]
                    guard entry.hasRecord else { continue }
                    books.count(Extent(offset: entry.value, bytes: entry.span))
                    counters.replace(.empty, with: entry)
                    if entry.isWrittenBack, let place = table.backed(page, entry) { table.backing?.claim(place.block) }
                }
            }
            counters.maximumPages = counters.usedPages
        }
    }
}
