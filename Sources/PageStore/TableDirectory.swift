import SystemPackage

/// The list of tables behind the superblock: fixed slots of 128 bytes, so that a killed image still names its disks.
///
/// A slot, little-endian: magic, checksum, id, state (4 bytes each), pages, stored pages, stored bytes (8 each), then
/// the algorithm (8) and the disk's name (64), both padded with zeroes. The checksum covers bytes 8 to 127.
final class TableDirectory: Sendable {
    static let offset = UInt64(Superblock.size)
    static let slotSize = 128
    static let slotCount = (Int(SyncMarks.offset) - Superblock.size) / slotSize
    static let magic: UInt32 = 0x3154_525A  // "ZRT1"
    static let nameCapacity = 64

    /// What an entry says of its table, beside the facts.
    enum Condition: UInt32 {
        case live = 1
        case leaked = 2
        /// Of an image that is kept: here until it is dropped.
        case kept = 3
    }

    private let file: ImageFile
    private let slots = Guarded<[UInt32?]>([])

    init(file: ImageFile) {
        self.file = file
    }

    /// Goes on from what the slots of an image that is kept say.
    func adopt(_ ids: [UInt32?]) { slots.withLock { $0 = ids } }

    /// Enters a table.
    /// - Throws: `ENOMEM` if all slots are taken; an error of the host.
    func add(_ info: TableInfo, _ condition: Condition = .live) throws(Errno) {
        let slot = try slots.withLock { slots throws(Errno) -> Int in
            if let free = slots.firstIndex(of: nil) {
                slots[free] = info.id
                return free
            }
            guard slots.count < Self.slotCount else { throw .noMemory }
            slots.append(info.id)
            return slots.count - 1
        }
        do {
            try write(slot, Self.encode(info, condition))
        } catch {
            slots.withLock { $0[slot] = nil }
            throw error
        }
    }

    /// Strikes a table out.
    func remove(_ id: UInt32) {
        guard let slot = slots.withLock({ $0.firstIndex(of: id) }) else { return }
        // A host that cannot write zeroes here cannot write a clean superblock either, and that one is reported.
        try? write(slot, [UInt8](repeating: 0, count: Self.slotSize))
        slots.withLock { $0[slot] = nil }
    }

    /// Writes a table's final counts: one that was never freed, or one that is kept.
    func close(_ info: TableInfo, _ condition: Condition) {
        guard let slot = slots.withLock({ $0.firstIndex(of: info.id) }) else { return }
        try? write(slot, Self.encode(info, condition))
    }

    private func write(_ slot: Int, _ bytes: [UInt8]) throws(Errno) {
        try file.write(at: Self.offset + UInt64(slot * Self.slotSize), bytes)
    }

    private static func encode(_ info: TableInfo, _ condition: Condition) -> [UInt8] {
        var bytes = ByteWriter(count: slotSize)
        bytes.put(magic, at: 0)
        bytes.put(info.id, at: 8)
        bytes.put(condition.rawValue, at: 12)
        bytes.put(info.pages, at: 16)
        bytes.put(info.storedPages, at: 24)
        bytes.put(info.storedBytes, at: 32)
        bytes.put(info.algorithm.rawValue, at: 40, room: 8)
        bytes.put(info.disk, at: 48, room: nameCapacity)
        bytes.sealChecksum(at: 4, covering: 8..<slotSize)
        return bytes.bytes
    }

    /// Reads a slot: nil if it is empty.
    /// - Throws: `EIO` if it is damaged.
    static func decode(_ slot: UnsafeRawBufferPointer) throws(Errno) -> (TableInfo, Condition)? {
        guard slot.contains(where: { $0 != 0 }) else { return nil }
        let reader = ByteReader(bytes: slot)
        guard reader.get(UInt32.self, at: 0) == magic, reader.checksumMatches(at: 4, covering: 8..<slotSize),
            let condition = Condition(rawValue: reader.get(UInt32.self, at: 12)),
            let algorithm = Algorithm(rawValue: reader.text(at: 40, room: 8))
        else { throw .ioError }
        let info = TableInfo(
            id: reader.get(UInt32.self, at: 8),
            disk: reader.text(at: 48, room: nameCapacity),
            pages: reader.get(UInt64.self, at: 16),
            algorithm: algorithm,
            storedPages: reader.get(UInt64.self, at: 24),
            storedBytes: reader.get(UInt64.self, at: 32)
        )
        return (info, condition)
    }
}
