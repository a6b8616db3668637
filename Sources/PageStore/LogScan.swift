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
    /// Records with higher numbers were never promised to be there.
    private let promised: UInt64
    private var latest: [Key: Latest] = [:]
    private var segmentCount = 0
    private var problems: [ImageReport.Problem] = []
    /// Damaged records, which matter unless there are newer ones.
    private var damaged: [(key: Key, sequence: UInt64, problem: ImageReport.Problem)] = []

    init(tables: [TableInfo], salt: UInt32, verifies: Bool, promised: UInt64 = .max) {
        self.promised = promised
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
        segmentCount = SegmentLog.segments(in: size) - 1
        while let data = try file.data(from: offset), data < size {
            offset = max(offset, data / UInt64(segmentSize) * UInt64(segmentSize))
            let count = try file.readAvailable(at: offset, into: buffer, count: segmentSize)
            visit(buffer, count: count, at: offset)
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
            if verifies, let message = fault(header, bytes + position, isRepaired: walk.repaired.last == position) {
                let disk = tables[header.table]?.disk
                let problem = ImageReport.Problem(offset: offset, message: message, disk: disk, page: header.page)
                damaged.append((Key(table: header.table, page: header.page), header.sequence, problem))
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

    private func fault(_ header: RecordHeader, _ record: UnsafeRawPointer, isRepaired: Bool) -> String? {
        guard header.isIntact(at: record, salt: salt) else { return "the checksum of a stored page is wrong" }
        return isRepaired ? "a bit of a stored page's header is wrong" : nil
    }

    private mutating func note(_ offset: UInt64, _ message: String, _ disk: String?, _ page: UInt64?) {
        problems.append(.init(offset: offset, message: message, disk: disk, page: page))
    }

    /// Puts what was found into the report.
    func complete(_ report: inout ImageReport) {
        let matter = damaged.filter { bad in
            bad.sequence < promised && bad.sequence > latest[bad.key]?.sequence ?? 0 && tables[bad.key.table] != nil
        }.map(\.problem)
        report.problems += (problems + matter).sorted { $0.offset < $1.offset }
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
            if kind != .same, kind != .writtenBack { report.tables[index].info.storedBytes += UInt64(record.length) }
        }
    }
}
