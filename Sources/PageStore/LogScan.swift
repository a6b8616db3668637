import SystemPackage

/// A walk over all segments of an image that nobody uses.
struct LogScan {
    private struct Key: Hashable {
        var table: UInt32
        var page: UInt64
    }

    private struct Latest {
        var sequence: UInt64
        var segment: Int
        var length: UInt16
        var kind: UInt8
    }

    private let tables: [UInt32: TableInfo]
    private let salt: UInt32
    private let verifies: Bool
    private var latest: [Key: Latest] = [:]
    private var segmentCount = 0
    private var problems: [ImageReport.Problem] = []

    init(tables: [TableInfo], salt: UInt32, verifies: Bool) {
        self.tables = Dictionary(tables.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.salt = salt
        self.verifies = verifies
    }

    mutating func run(
        over file: ImageFile, size: UInt64, _ onProgress: ((UInt64, UInt64) -> Void)? = nil
    ) throws(Errno) {
        let segmentSize = LogState.segmentSize
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: segmentSize, alignment: 4096)
        defer { buffer.deallocate() }
        var offset = UInt64(segmentSize)
        while offset < size {
            let count = try file.readAvailable(at: offset, into: buffer, count: segmentSize)
            visit(buffer, count: count, at: offset)
            segmentCount += 1
            offset += UInt64(segmentSize)
            onProgress?(offset, size)
        }
    }

    private mutating func visit(_ bytes: UnsafeMutableRawPointer, count: Int, at start: UInt64) {
        var count = count
        if count == LogState.segmentSize, let size = SegmentSummary.size(at: bytes + count) { count -= size }
        var walk = RecordWalk(bytes: bytes, count: count, salt: salt)
        while let (position, header) = walk.next() {
            let offset = start + UInt64(position)
            if verifies, walk.repaired.last == position {
                note(offset, "a bit of a stored page's header is wrong", tables[header.table]?.disk, header.page)
            }
            guard !verifies || header.isIntact(at: bytes + position, salt: salt) else {
                note(offset, "the checksum of a stored page is wrong", tables[header.table]?.disk, header.page)
                continue
            }
            // The records of a table that is gone are dead.
            guard let table = tables[header.table] else { continue }
            guard header.page < table.pages else {
                note(offset, "a stored page lies beyond the end of its disk", table.disk, header.page)
                continue
            }
            let key = Key(table: header.table, page: header.page)
            if let known = latest[key], known.sequence > header.sequence { continue }
            let segment = LogState.segment(of: offset)
            latest[key] = Latest(sequence: header.sequence, segment: segment, length: header.length, kind: header.kind)
        }
        guard verifies else { return }
        for gap in walk.gaps {
            note(start + UInt64(gap.lowerBound), "\(gap.count) bytes are not a record", nil, nil)
        }
    }

    private mutating func note(_ offset: UInt64, _ message: String, _ disk: String?, _ page: UInt64?) {
        problems.append(.init(offset: offset, message: message, disk: disk, page: page))
    }

    /// Puts what was found into the report.
    func complete(_ report: inout ImageReport) {
        report.problems += problems
        let live = Set(latest.values.map(\.segment)).count
        report.segmentsLive = live
        report.segmentsFree = segmentCount - live
        guard report.state == .notClosed else { return }
        for index in report.tables.indices {
            report.tables[index].info.storedPages = 0
            report.tables[index].info.storedBytes = 0
        }
        let places = Dictionary(
            report.tables.indices.map { (report.tables[$0].info.id, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for (key, record) in latest {
            guard let index = places[key.table] else { continue }
            let kind = RecordKind(rawValue: record.kind)
            guard kind != .dropped else { continue }
            report.tables[index].info.storedPages += 1
            if kind != .same { report.tables[index].info.storedBytes += UInt64(record.length) }
        }
    }
}
