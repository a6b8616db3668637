import Glibc
import SystemPackage

/// What a slot of the directory says.
enum DirectoryEntry {
    case table(TableInfo, TableDirectory.Condition)
    /// A piece of the path of a table's backing device.
    case backing(UInt32, piece: Int, text: [UInt8])

    private static let backingMagic: UInt32 = 0x3142_525A  // "ZRB1"
    private static let room = TableDirectory.slotSize - 16

    /// The slots that a path takes. Little-endian: magic, checksum, id, piece (2), length (2), the text.
    static func encode(backing path: String, of id: UInt32) -> [[UInt8]] {
        let text = Array(path.utf8)
        return stride(from: 0, to: text.count, by: room).map { start in
            let part = text[start..<min(start + room, text.count)]
            var bytes = ByteWriter(count: TableDirectory.slotSize)
            bytes.put(backingMagic, at: 0)
            bytes.put(id, at: 8)
            bytes.put(UInt16(start / room), at: 12)
            bytes.put(UInt16(part.count), at: 14)
            for (index, byte) in part.enumerated() { bytes.put(byte, at: 16 + index) }
            bytes.sealChecksum(at: 4, covering: 8..<TableDirectory.slotSize)
            return bytes.bytes
        }
    }

    /// Reads a slot; nil if it is empty.
    /// - Throws: `EIO` if it is damaged.
    static func decode(_ slot: UnsafeRawBufferPointer) throws(Errno) -> DirectoryEntry? {
        let reader = ByteReader(bytes: slot)
        guard reader.get(UInt32.self, at: 0) == backingMagic else {
            return try TableDirectory.decode(slot).map { .table($0.0, $0.1) }
        }
        let count = Int(reader.get(UInt16.self, at: 14))
        guard reader.checksumMatches(at: 4, covering: 8..<TableDirectory.slotSize), count <= room else {
            throw .ioError
        }
        return .backing(
            reader.get(UInt32.self, at: 8), piece: Int(reader.get(UInt16.self, at: 12)),
            text: Array(slot[16..<(16 + count)]))
    }
}

/// The paths of backing devices, as their pieces are found.
struct BackingNames {
    private var pieces: [UInt32: [Int: [UInt8]]] = [:]

    mutating func add(_ id: UInt32, _ piece: Int, _ text: [UInt8]) { pieces[id, default: [:]][piece] = text }

    /// The path of a table's backing device; nil if it has none.
    subscript(id: UInt32) -> String? {
        pieces[id].map { String(decoding: $0.sorted { $0.key < $1.key }.flatMap(\.value), as: UTF8.self) }
    }
}
