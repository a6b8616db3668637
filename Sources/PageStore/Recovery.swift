import Glibc
import SystemPackage

/// Finds in the log of an image what its disks hold: of each page the record with the highest number.
///
/// Torn records fail their checksums and were never promised. A record that fails although it was on the disk (`marks`)
/// is damage: its page is pointed at it, so that reading it is an error and not an older content.
final class Recovery {
    /// A table on its way, with the number of each page's record so far.
    private final class Part {
        let table: PageTable
        let sequences: UnsafeMutablePointer<UInt64>
        let bytes: Int

        init(_ table: PageTable) throws(Errno) {
            self.table = table
            bytes = Int(table.pages) * MemoryLayout<UInt64>.size
            sequences = try PageMap.map(bytes).assumingMemoryBound(to: UInt64.self)
        }

        deinit { munmap(sequences, bytes) }
    }

    private struct Suspect {
        var header: RecordHeader
        var offset: UInt64
    }

    private let file: ImageFile
    private let superblock: Superblock
    private let log: SegmentLog
    private let options: TableOptions
    private var parts: [UInt32: Part] = [:]
    private var suspects: [Suspect] = []
    private var highest: UInt64 = 0
    private var nextTable: UInt32 = 1
    /// Told of the bytes that were searched, and of all.
    var onProgress: ((UInt64, UInt64) -> Void)?

    init(_ file: ImageFile, _ superblock: Superblock, _ capacity: UInt64?, _ options: TableOptions) {
        self.file = file
        self.superblock = superblock
        self.options = options
        log = SegmentLog(keeping: file, salt: superblock.salt, capacity: capacity)
    }

    /// - Throws: `EPERM` if the list of disks is damaged; an error of the host; `ENOMEM`.
    func run(_ path: String) throws(Errno) -> Image {
        let mark = try SyncMarks.read(from: file)
        log.marks?.adopt(mark)
        nextTable = UInt32(clamping: max(1, mark.nextTable))
        let directory = TableDirectory(file: file)
        let slots = try readDirectory(directory)
        let size = try file.size()
        try scan(size)
        point(suspects.filter { $0.header.sequence < mark.sequence })
        let image = Image(
            keeping: path, file: file, superblock: superblock, log: log, nextTable: nextTable)
        image.directory.adopt(slots)
        try settleBooks(segments: Int((size + UInt64(LogState.segmentSize) - 1) / UInt64(LogState.segmentSize)), mark)
        hand(to: image)
        return image
    }

    private func readDirectory(_ directory: TableDirectory) throws(Errno) -> [UInt32?] {
        let count = TableDirectory.slotCount * TableDirectory.slotSize
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        defer { bytes.deallocate() }
        let got = try file.readAvailable(at: TableDirectory.offset, into: bytes.baseAddress!, count: count)
        guard got == count else { throw .notPermitted }
        var slots: [UInt32?] = []
        for start in stride(from: 0, to: count, by: TableDirectory.slotSize) {
            let slot = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + TableDirectory.slotSize)])
            let found: (TableInfo, TableDirectory.Condition)?
            do {
                found = try TableDirectory.decode(slot)
            } catch {
                throw .notPermitted
            }
            slots.append(found?.0.id)
            guard let info = found?.0 else { continue }
            let table = try PageTable(info: info, options: options, log: log, directory: directory)
            parts[info.id] = try Part(table)
            nextTable = max(nextTable, info.id + 1)
        }
        while slots.last == .some(nil) { slots.removeLast() }
        return slots
    }

    private func scan(_ size: UInt64) throws(Errno) {
        let segmentSize = LogState.segmentSize
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: segmentSize, alignment: 4096)
        defer { buffer.deallocate() }
        var offset = UInt64(segmentSize)
        while offset < size {
            let count = try file.readAvailable(at: offset, into: buffer, count: segmentSize)
            visit(buffer, count: count, at: offset)
            offset += UInt64(segmentSize)
            onProgress?(min(offset, size), size)
        }
    }

    private func visit(_ bytes: UnsafeRawPointer, count: Int, at start: UInt64) {
        var walk = RecordWalk(bytes: bytes, count: count)
        while let (position, header) = walk.next() {
            let offset = start + UInt64(position)
            guard header.isIntact(at: bytes + position, salt: superblock.salt) else {
                suspects.append(Suspect(header: header, offset: offset))
                continue
            }
            highest = max(highest, header.sequence)
            nextTable = max(nextTable, header.table &+ 1)
            adopt(header, offset)
        }
    }

    /// Points a page to a record unless a newer one is known.
    private func adopt(_ header: RecordHeader, _ offset: UInt64) {
        guard let part = parts[header.table], header.page < part.table.pages,
            header.sequence > part.sequences[Int(header.page)],
            let entry = Self.entry(header, offset)
        else { return }
        part.sequences[Int(header.page)] = header.sequence
        part.table.map[header.page] = entry
        part.table.map.touch(header.page)
    }

    private func point(_ damaged: [Suspect]) {
        for suspect in damaged { adopt(suspect.header, suspect.offset) }
    }

    private static func entry(_ header: RecordHeader, _ offset: UInt64) -> PageEntry? {
        switch RecordKind(rawValue: header.kind) {
        case .lz4, .zstd, .deflate: .stored(offset: offset, length: Int(header.length), huge: false)
        case .raw: .stored(offset: offset, length: Int(header.length), huge: true)
        case .same where header.length == RecordHeader.wordSize: .recordedSame(offset: offset)
        case .dropped where header.length == RecordHeader.wordSize: .recordedEmpty(offset: offset)
        default: nil
        }
    }

    /// Counts what lives where, and makes room for the cleaner. Segments are not appended to: there may be torn bytes.
    private func settleBooks(segments: Int, _ mark: SyncMarks.Mark) throws(Errno) {
        log.state.withLock { books in
            books.sequence = max(highest, mark.sequence) + 1
            while books.segments.count < segments {
                books.segments.append(LogState.Segment(live: 0, used: LogState.segmentSize, phase: .sealed))
                books.allocated += 1
            }
            for part in parts.values { count(part.table, &books) }
            for index in books.segments.indices.dropFirst() { books.emptyIfDead(index) }
        }
        log.punch(log.state.withLock { $0.takeEmptied() })
        try log.ensureReserve()
    }

    private func count(_ table: PageTable, _ books: inout LogState) {
        table.accounts.withLock { counters in
            table.map.forEachRun(in: 0..<table.pages) { run in
                guard table.map.isTouched(run.lowerBound) else { return }
                for page in run {
                    let entry = table.map[page]
                    guard entry.hasRecord else { continue }
                    books.segments[LogState.segment(of: entry.value)].live += entry.span
                    books.live += entry.span
                    counters.replace(.empty, with: entry)
                }
            }
            counters.maximumPages = counters.usedPages
        }
    }

    /// Of two tables for one disk the later is the disk's; the other is what a buggy exit left behind.
    private func hand(to image: Image) {
        for part in parts.values.sorted(by: { $0.table.id < $1.table.id }) {
            log.tables.withLock { $0[part.table.id] = part.table }
            image.kept.withLock { $0[part.table.disk] = part.table }
        }
    }
}

extension SegmentLog {
    /// Makes a reserve if there is none.
    /// - Throws: the error of the host if it has no room.
    func ensureReserve() throws(Errno) {
        let index = state.withLock { books -> Int? in
            guard books.reserve == nil else { return nil }
            if let free = books.free.popLast() { return free }
            books.segments.append(LogState.Segment())
            return books.segments.count - 1
        }
        guard let index else { return }
        try file.zero(at: UInt64(index) * UInt64(LogState.segmentSize), count: LogState.segmentSize)
        state.withLock { books in
            books.allocated += 1
            _ = books.adoptReserve(index)
        }
    }
}
