import SystemPackage

/// Two slots at the end of the first segment that say, in turn, up to which sequence number all records are on the
/// host's disk, which table number is free, and how long the file was. A slot that is torn is no loss: the other one is
/// true, only older.
///
/// A slot, little-endian: magic, checksum (4 bytes each), sequence, next table, length (8 each). The checksum covers
/// bytes 8 to 31. Behind that, not in images of earlier versions: a checksum of what follows, the number of segments (4
/// each), sequence again (8), and for each of up to 32 segments its index and the bytes that were written (4 each), the latter
/// with its lowest bit set if they are records and nothing else; earlier versions do not set it.
final class SyncMarks: Sendable {
    static let slotSize = 512
    static let offset = UInt64(LogState.segmentSize - 2 * slotSize)
    private static let magic: UInt32 = 0x314D_525A  // "ZRM1"
    private static let used = 32
    private static let most = 32
    private static let end = 48 + most * 8

    /// What a slot says.
    struct Mark: Equatable {
        var sequence: UInt64 = 0
        var nextTable: UInt64 = 0
        /// Of the file, in bytes.
        var length: UInt64 = 0
        /// Of some segments what there is from their beginning on.
        var written: [Int: Promise] = [:]
        /// The slot that says it.
        var slot = 0
        /// The segments that any slot lists.
        var listed: Set<Int> = []
    }

    /// What a mark says of a segment: in so many bytes there are records and nothing else, but for zeroes where a write
    /// failed.
    struct Promise: Equatable {
        var bytes = 0
        /// No write failed there, so that zeroes are damage.
        var isSolid = false
    }

    private struct State {
        var mark = Mark()
        var turn = 0
        var hasFailed = false
        /// What the last mark says of segments.
        var written: [(segment: Int, promise: Promise)] = []
        /// The segments that the last mark lists, and those of the one before, which counts if a crash tears the last.
        var listed: (last: [Int], before: [Int]) = ([], [])
    }

    private let file: ImageFile
    private let state = Guarded(State())

    init(file: ImageFile) { self.file = file }

    /// The latest mark in the file; zeroes if there is none.
    static func read(from file: ImageFile) throws(Errno) -> Mark {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * slotSize, alignment: 8)
        defer { bytes.deallocate() }
        let got = try file.readAvailable(at: offset, into: bytes.baseAddress!, count: bytes.count)
        var latest = Mark()
        for slot in 0..<2 where got >= slot * slotSize + end {
            let place = UnsafeMutableRawBufferPointer(rebasing: bytes[slot * slotSize..<(slot + 1) * slotSize])
            let reader = ByteReader(bytes: UnsafeRawBufferPointer(place))
            // A number that no record can have was never written by us.
            guard isWhole(place), reader.get(UInt64.self, at: 8) <= RecordHeader.mask48 else { continue }
            let sequence = reader.get(UInt64.self, at: 8)
            let written = written(reader, sequence)
            latest.listed.formUnion(written.keys)
            if sequence > latest.sequence {
                (latest.sequence, latest.written, latest.slot) = (sequence, written, slot)
            } else if sequence == latest.sequence {
                // Which is the later one cannot be told, but nothing was written between them.
                latest.written = latest.written.filter { written[$0.key] == $0.value }
            }
            latest.nextTable = max(latest.nextTable, reader.get(UInt64.self, at: 16))
            latest.length = max(latest.length, reader.get(UInt64.self, at: 24))
        }
        return latest
    }

    /// Whether a slot says what was written, a single wrong bit in its numbers put right.
    private static func isWhole(_ slot: UnsafeMutableRawBufferPointer) -> Bool {
        func fits() -> Bool {
            let reader = ByteReader(bytes: UnsafeRawBufferPointer(slot))
            return reader.get(UInt32.self, at: 0) == magic && reader.checksumMatches(at: 4, covering: 8..<used)
        }
        if fits() { return true }
        for bit in 0..<(used * 8) {
            slot[bit / 8] ^= 1 << UInt8(bit % 8)
            if fits() { return true }
            slot[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        return false
    }

    private static func written(_ reader: ByteReader, _ sequence: UInt64) -> [Int: Promise] {
        guard reader.checksumMatches(at: used, covering: (used + 4)..<end), reader.get(UInt64.self, at: 40) == sequence
        else { return [:] }
        let count = min(most, Int(reader.get(UInt32.self, at: 36)))
        let places = (0..<count).map { 48 + $0 * 8 }
        return Dictionary(
            places.map { place in
                let bytes = Int(reader.get(UInt32.self, at: place + 4))
                return (Int(reader.get(UInt32.self, at: place)), Promise(bytes: bytes & ~1, isSolid: bytes & 1 == 1))
            },
            uniquingKeysWith: { $0.bytes < $1.bytes ? $0 : $1 })
    }

    /// Goes on from what was read; the next `advance` writes over the older slot.
    func adopt(_ mark: Mark) {
        state.withLock { state in
            state.mark = mark
            state.turn = mark.slot
            state.listed.last = Array(mark.listed)
            state.written = mark.written.map { ($0.key, $0.value) }
        }
    }

    /// The next table will have at least this number.
    func note(nextTable: UInt64) { state.withLock { $0.mark.nextTable = nextTable } }

    /// Whether a crash can bring a mark back that lists one of the segments.
    func mayList(_ segments: [Int]) -> Bool {
        state.withLock { state in
            segments.contains { state.listed.last.contains($0) || state.listed.before.contains($0) }
        }
    }

    /// Waits for the host's disk, and writes how far that got: `completed` is asked before the wait, for the sequence
    /// number and the segments without summaries. The mark itself is on the disk after the next wait; until then the
    /// older one is true.
    ///
    /// - Throws: the error of the host, and `EIO` ever after.
    ///
    /// A file that is not whole was cut off by somebody else: the mark says how long it was, and promises
    /// no more than the one before, so that nobody takes the rest for all.
    func advance(
        length: () throws(Errno) -> (bytes: UInt64, isWhole: Bool),
        _ completed: () -> (UInt64, [(segment: Int, promise: Promise)])
    ) throws(Errno) {
        try state.withLock { state throws(Errno) in
            if state.hasFailed { throw .ioError }
            let (sequence, written) = completed()
            do throws(Errno) {
                let (length, isWhole) = try length()
                state.mark.length = length
                guard isWhole else {
                    try write(&state)
                    try file.synchronize()
                    throw Errno.ioError
                }
                try file.synchronize()
                state.mark.sequence = max(state.mark.sequence, sequence)
                state.written = Array(written.prefix(Self.most))
                try write(&state)
            } catch {
                state.hasFailed = true
                throw error
            }
        }
    }

    /// Writes over the older slot.
    private func write(_ state: inout State) throws(Errno) {
        state.turn = 1 - state.turn
        var slot = ByteWriter(count: Self.end)
        slot.put(Self.magic, at: 0)
        slot.put(state.mark.sequence, at: 8)
        slot.put(state.mark.nextTable, at: 16)
        slot.put(state.mark.length, at: 24)
        slot.sealChecksum(at: 4, covering: 8..<Self.used)
        slot.put(UInt32(state.written.count), at: 36)
        slot.put(state.mark.sequence, at: 40)
        for (index, place) in state.written.enumerated() {
            slot.put(UInt32(place.segment), at: 48 + index * 8)
            slot.put(UInt32(place.promise.bytes | (place.promise.isSolid ? 1 : 0)), at: 52 + index * 8)
        }
        slot.sealChecksum(at: Self.used, covering: (Self.used + 4)..<Self.end)
        state.listed = (state.written.map(\.segment), state.listed.last)
        try file.write(at: Self.offset + UInt64(state.turn * Self.slotSize), slot.bytes)
    }
}
