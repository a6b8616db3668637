import SystemPackage

/// Two slots at the end of the first segment that say, in turn, up to which sequence number all records are on the
/// host's disk, which table number is free, and how long the file was. A slot that is torn is no loss: the other one is
/// true, only older.
///
/// A slot, little-endian: magic, checksum (4 bytes each), sequence, next table, length (8 each). The checksum covers
/// bytes 8 to 31.
final class SyncMarks: Sendable {
    static let slotSize = 512
    static let offset = UInt64(LogState.segmentSize - 2 * slotSize)
    private static let magic: UInt32 = 0x314D_525A  // "ZRM1"
    private static let used = 32

    /// What a slot says.
    struct Mark: Equatable {
        var sequence: UInt64 = 0
        var nextTable: UInt64 = 0
        /// Of the file, in bytes.
        var length: UInt64 = 0
    }

    private struct State {
        var mark = Mark()
        var turn = 0
        var hasFailed = false
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
        for slot in 0..<2 where got >= slot * slotSize + used {
            let reader = ByteReader(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[slot * slotSize..<(slot + 1) * slotSize]))
            guard reader.get(UInt32.self, at: 0) == magic, reader.checksumMatches(at: 4, covering: 8..<used) else {
                continue
            }
            // A number that no record can have was never written by us.
            guard reader.get(UInt64.self, at: 8) <= RecordHeader.mask48 else { continue }
            latest.sequence = max(latest.sequence, reader.get(UInt64.self, at: 8))
            latest.nextTable = max(latest.nextTable, reader.get(UInt64.self, at: 16))
            latest.length = max(latest.length, reader.get(UInt64.self, at: 24))
        }
        return latest
    }

    /// Goes on from what was read, or from a new table number; the next `advance` writes it.
    func adopt(_ mark: Mark) { state.withLock { $0.mark = mark } }

    /// The next table will have at least this number.
    func note(nextTable: UInt64) { state.withLock { $0.mark.nextTable = nextTable } }

    /// Waits for the host's disk, and writes how far that got: `completed` is asked before the wait. The mark itself
    /// is on the disk after the next wait; until then the older one is true.
    ///
    /// - Throws: the error of the host, and `EIO` ever after.
    func advance(_ completed: () -> UInt64) throws(Errno) {
        try state.withLock { state throws(Errno) in
            if state.hasFailed { throw .ioError }
            let sequence = completed()
            do throws(Errno) {
                let length = try file.size()
                try file.synchronize()
                state.mark.sequence = max(state.mark.sequence, sequence)
                state.mark.length = length
                state.turn = 1 - state.turn
                var slot = ByteWriter(count: Self.used)
                slot.put(Self.magic, at: 0)
                slot.put(state.mark.sequence, at: 8)
                slot.put(state.mark.nextTable, at: 16)
                slot.put(state.mark.length, at: 24)
                slot.sealChecksum(at: 4, covering: 8..<Self.used)
                try file.write(at: Self.offset + UInt64(state.turn * Self.slotSize), slot.bytes)
            } catch {
                state.hasFailed = true
                throw error
            }
        }
    }
}
