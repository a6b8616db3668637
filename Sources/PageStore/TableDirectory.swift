import Glibc
import SystemPackage

/// The list of tables behind the superblock: fixed slots of 128 bytes, so that a killed image still names its disks.
///
/// A slot, little-endian: magic, checksum, id, state (4 bytes each), pages, stored pages, stored bytes (8 each), then
/// the algorithm (8) and the disk's name (64), both padded with zeroes, level, 1 if there is a level (4 each), and the
/// memory limit in bytes (8). The last three are zero in images of earlier versions. The checksum covers bytes 8 to 127.
/// The path of a backing device is in slots of its own: `DirectoryEntry`.
///
/// An image that is kept has every slot twice. The second is written when the first is on the host's disk, so that one
/// of the two is whole at any moment.
final class TableDirectory: Sendable {
    static let offset = UInt64(Superblock.size)
    static let slotSize = 128
    static let slotCount = (Int(Superblock.copyOffset) - Superblock.size) / (2 * slotSize)
    static let magic: UInt32 = 0x3154_525A  // "ZRT1"
    static let nameCapacity = 64

    /// What an entry says of its table, beside the facts.
    enum Condition: UInt32 {
        case live = 1
        case leaked = 2
        /// Of an image that is kept: here until it is dropped.
        case kept = 3
        /// Of an image that is kept: it is being filled, and nothing of it counts before that has ended.
        case incomplete = 4
    }

    private let file: ImageFile
    private let log: SegmentLog
    private let slots = Guarded<[Slot?]>([])

    /// Whose a slot is.
    struct Slot {
        var id: UInt32
        /// It is a piece of the path of the table's backing device.
        var isBacking = false
    }

    init(file: ImageFile, log: SegmentLog) {
        self.file = file
        self.log = log
    }

    /// Goes on from what the slots of an image that is kept say.
    func adopt(_ found: [Slot?]) { slots.withLock { $0 = found } }

    /// Enters a table; of an image that is kept it is on the host's disk then.
    /// - Throws: `ENOMEM` if all slots are taken; an error of the host.
    func add(_ info: TableInfo, _ condition: Condition = .live) throws(Errno) {
        var taken: [Int] = []
        do throws(Errno) {
            if log.keeps, let path = info.backing {
                let pieces = DirectoryEntry.encode(backing: path, of: info.id)
                for _ in pieces { taken.append(try take(Slot(id: info.id, isBacking: true))) }
                try write(zip(taken, pieces).map { ($0, $1) })
            }
            taken.append(try take(Slot(id: info.id)))
            try write([(taken.last!, Self.encode(info, condition))])
        } catch {
            if log.keeps { try? write(taken.map { ($0, Self.empty) }) }
            slots.withLock { slots in for slot in taken { slots[slot] = nil } }
            throw error
        }
    }

    private func take(_ slot: Slot) throws(Errno) -> Int {
        try slots.withLock { slots throws(Errno) -> Int in
            if let free = slots.firstIndex(where: { $0 == nil }) {
                slots[free] = slot
                return free
            }
            guard slots.count < Self.slotCount else { throw .noMemory }
            slots.append(slot)
            return slots.count - 1
        }
    }

    private func place(of id: UInt32) -> Int? {
        slots.withLock { $0.firstIndex { $0?.id == id && $0?.isBacking == false } }
    }

    /// Writes anew what is said of a table of an image that is kept; nothing if it was struck out.
    /// - Throws: an error of the host.
    func update(_ info: TableInfo, _ condition: Condition = .kept) throws(Errno) {
        guard let slot = place(of: info.id) else { return }
        try write([(slot, Self.encode(info, condition))])
    }

    /// Strikes a table out.
    func remove(_ id: UInt32) {
        guard let slot = place(of: id) else { return }
        // A host that cannot write zeroes here cannot write a clean superblock either, and that one is reported.
        try? write([(slot, Self.empty)])
        // A path without a table is nothing, a table without its path would be.
        let pieces = slots.withLock { slots in
            slots[slot] = nil
            return slots.indices.filter { slots[$0]?.id == id }
        }
        try? write(pieces.map { ($0, Self.empty) })
        slots.withLock { slots in for piece in pieces { slots[piece] = nil } }
    }

    /// Writes the final counts of tables that were never freed, or that are kept.
    func close(_ tables: [(info: TableInfo, condition: Condition)]) {
        try? write(
            tables.compactMap { table in
                place(of: table.info.id).map { ($0, Self.encode(table.info, table.condition)) }
            })
    }

    /// Writes slots, and their copies when they are safe.
    func write(_ changes: [(slot: Int, bytes: [UInt8])]) throws(Errno) {
        guard !changes.isEmpty else { return }
        for copy in 0..<(log.keeps ? 2 : 1) {
            for change in changes {
                try file.write(at: Self.place(of: change.slot, copy: copy), change.bytes)
            }
            try log.synchronize()
        }
    }

    static func place(of slot: Int, copy: Int) -> UInt64 {
        offset + UInt64((copy * slotCount + slot) * slotSize)
    }

    static let empty = [UInt8](repeating: 0, count: slotSize)

    /// What a slot has to say when both of its copies are read.
    enum Finding {
        case empty
        case entry(DirectoryEntry)
        /// Nothing can be known of it.
        case damaged
    }

    /// Reads a slot of an image that is kept.
    ///
    /// The first copy is written first: a torn one with nothing behind it was never finished, and one that is empty
    /// with something behind it was being struck out.
    /// - Returns: also whether both copies say it.
    static func decode(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> (Finding, isSound: Bool) {
        let isSound = memcmp(first.baseAddress!, second.baseAddress!, slotSize) == 0
        switch (Result { try DirectoryEntry.decode(first) }, Result { try DirectoryEntry.decode(second) }) {
        case (.success(let found?), _): return (.entry(found), isSound)
        case (.success(nil), _): return (.empty, isSound)
        case (.failure, .success(let found?)): return (.entry(found), false)
        case (.failure, .success(nil)): return (.empty, false)
        case (.failure, .failure): return (.damaged, false)
        }
    }

    static func encode(_ info: TableInfo, _ condition: Condition) -> [UInt8] {
        var bytes = ByteWriter(count: slotSize)
        bytes.put(magic, at: 0)
        bytes.put(info.id, at: 8)
        bytes.put(condition.rawValue, at: 12)
        bytes.put(info.pages, at: 16)
        bytes.put(info.storedPages, at: 24)
        bytes.put(info.storedBytes, at: 32)
        bytes.put(info.algorithm.rawValue, at: 40, room: 8)
        bytes.put(info.disk, at: 48, room: nameCapacity)
        // A level of 0 is one: without the word behind it none was asked for.
        bytes.put(info.level ?? 0, at: 112)
        bytes.put(UInt32(info.level == nil ? 0 : 1), at: 116)
        bytes.put(info.memLimit, at: 120)
        bytes.sealChecksum(at: 4, covering: 8..<slotSize)
        return bytes.bytes
    }

    /// Reads a slot: nil if it is empty.
    /// - Throws: `EIO` if it is damaged.
    static func decode(_ slot: UnsafeRawBufferPointer) throws(Errno) -> (TableInfo, Condition)? {
        guard !SameFilled.isZero(slot) else { return nil }
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
            level: reader.get(UInt32.self, at: 116) == 0 ? nil : reader.get(Int32.self, at: 112),
            memLimit: reader.get(UInt64.self, at: 120),
            storedPages: reader.get(UInt64.self, at: 24),
            storedBytes: reader.get(UInt64.self, at: 32)
        )
        return (info, condition)
    }
}
