import SystemPackage

/// What the end of a full segment of an image that is kept says of the records in it, so that a recovery need not read
/// them, and a damaged header is noticed.
///
/// Little-endian: entries of 24 bytes (table, 4; page, sequence, 6 each; position / 16, length, 2 each; kind, 1; zero,
/// 3), then at the very end of the segment magic, checksum, number of entries, bytes of records (4 each), stamp, zero (8
/// each). The checksum covers the entries and the last 24 bytes.
struct SegmentSummary {
    static let entrySize = 24
    static let footerSize = 32
    private static let magic: UInt32 = 0x3153_525A  // "ZRS1"

    /// Bytes of a segment's beginning that hold records.
    let used: Int
    /// A sequence number: when the summary was made, all records had been written; see `LogState.takeSealed`.
    let stamp: UInt64
    let records: [(position: Int, header: RecordHeader)]

    init(used: Int, stamp: UInt64, records: [(position: Int, header: RecordHeader)]) {
        self.used = used
        self.stamp = stamp
        self.records = records
    }

    /// Bytes at a segment's end that a summary of so many records takes.
    @inline(__always)
    static func size(records: Int) -> Int { records * entrySize + footerSize }

    /// The bytes that go to the very end of the segment.
    func encoded(salt: UInt32) -> [UInt8] {
        let size = Self.size(records: records.count)
        var bytes = ByteWriter(count: size)
        for (index, record) in records.enumerated() {
            let at = index * Self.entrySize
            bytes.put(record.header.table, at: at)
            // Each number is cut off by what comes behind it.
            bytes.put(record.header.page, at: at + 4)
            bytes.put(record.header.sequence, at: at + 10)
            bytes.put(UInt16(record.position / RecordHeader.alignment), at: at + 16)
            bytes.put(record.header.length, at: at + 18)
            bytes.put(UInt32(record.header.kind), at: at + 20)
        }
        let footer = size - Self.footerSize
        bytes.put(Self.magic, at: footer)
        bytes.put(UInt32(records.count), at: footer + 8)
        bytes.put(UInt32(used), at: footer + 12)
        bytes.put(stamp, at: footer + 16)
        let sum = bytes.bytes.withUnsafeBytes { Self.checksum($0, salt) }
        bytes.put(sum, at: footer + 4)
        return bytes.bytes
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer, _ salt: UInt32) -> UInt32 {
        let footer = bytes.count - footerSize
        let entries = Checksum.of(bytes.baseAddress!, count: footer, seed: salt)
        return Checksum.of(bytes.baseAddress! + footer + 8, count: footerSize - 8, seed: entries)
    }

    /// How many bytes a summary takes that ends here; nil if there is none.
    static func size(at end: UnsafeRawPointer) -> Int? {
        let footer = end - footerSize
        guard footer.loadUnaligned(as: UInt32.self) == magic else { return nil }
        let size = size(records: Int(footer.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        return size <= LogState.segmentSize ? size : nil
    }

    /// Reads a summary; nil if it is not whole.
    init?(_ bytes: UnsafeRawBufferPointer, salt: UInt32) {
        let reader = ByteReader(bytes: bytes)
        let footer = bytes.count - Self.footerSize
        used = Int(reader.get(UInt32.self, at: footer + 12))
        stamp = reader.get(UInt64.self, at: footer + 16)
        guard reader.get(UInt32.self, at: footer + 4) == Self.checksum(bytes, salt),
            used <= LogState.segmentSize - bytes.count, stamp <= RecordHeader.mask48
        else { return nil }
        var records: [(position: Int, header: RecordHeader)] = []
        records.reserveCapacity(footer / Self.entrySize)
        for at in stride(from: 0, to: footer, by: Self.entrySize) {
            guard let record = Self.entry(reader, at, used) else { return nil }
            records.append(record)
        }
        self.records = records
    }

    /// Reads an entry; nil if there can be no such record in so many bytes.
    private static func entry(_ reader: ByteReader, _ at: Int, _ used: Int) -> (position: Int, header: RecordHeader)? {
        let header = RecordHeader(
            table: reader.get(UInt32.self, at: at),
            length: reader.get(UInt16.self, at: at + 18),
            kind: UInt8(truncatingIfNeeded: reader.get(UInt32.self, at: at + 20)),
            page: reader.get(UInt64.self, at: at + 4) & RecordHeader.mask48,
            sequence: reader.get(UInt64.self, at: at + 10) & RecordHeader.mask48)
        let position = Int(reader.get(UInt16.self, at: at + 16)) * RecordHeader.alignment
        guard header.length > 0, header.length <= UInt16(PageGeometry.pageSize), position + header.span <= used
        else { return nil }
        return (position, header)
    }

    /// What a summary that is not whole may say of records that begin where others end, and of which nothing is left.
    /// - Parameters:
    ///   - segment: all of its bytes.
    ///   - ends: the beginning, and where intact records end.
    static func salvage(
        _ segment: UnsafeRawBufferPointer, _ ends: Set<Int>, salt: UInt32
    ) -> [(position: Int, header: RecordHeader)] {
        let reader = ByteReader(bytes: segment)
        let used = ends.max() ?? 0
        var known: [Int: RecordHeader] = [:]
        var at = segment.count - footerSize - entrySize
        while at >= used {
            if let record = entry(reader, at, at),
                RecordHeader(from: segment.baseAddress! + record.position, salt: salt) == nil
            {
                known[record.position] = record.header
            }
            at -= entrySize
        }
        var found: [(position: Int, header: RecordHeader)] = []
        for end in ends {
            var position = end
            while let header = known.removeValue(forKey: position) {
                found.append((position, header))
                position += header.span
            }
        }
        return found
    }
}
