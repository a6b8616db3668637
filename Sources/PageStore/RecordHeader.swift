/// What a record in the log holds.
enum RecordKind: UInt8 {
    case lz4 = 1
    case zstd = 2
    case raw = 3
    /// A page of one repeated word, which is the payload; images that are kept have such records.
    case same = 4
    /// A page that was dropped; the payload is a word of zero.
    case dropped = 5
    /// A page on the backing device; the payload says where, see `BackedPage`.
    case writtenBack = 6
    case deflate = 8
    case lzo = 9

    /// What an algorithm makes.
    @inline(__always)
    init(_ algorithm: Algorithm) {
        switch algorithm {
        case .lzo, .lzoRLE: self = .lzo
        case .lz4, .lz4hc: self = .lz4
        case .zstd: self = .zstd
        case .deflate: self = .deflate
        }
    }
}

/// The 32 bytes before every stored page: enough to rebuild the page tables from the log alone.
///
/// Little-endian: magic, checksum of the header, table id (4 bytes each), payload length (2), kind (1), zero (1), page
/// index, sequence number (6 each), checksum of the payload (4). The first checksum covers bytes 8 to 31, so that a
/// header can be believed although its payload is torn. Both start from the image's salt: a record of another image, or
/// of an earlier life of this one, never fits.
struct RecordHeader {
    static let size = 32
    static let magic: UInt32 = 0x3150_525A  // "ZRP1"
    /// Records begin at multiples of this.
    static let alignment = 16
    /// Bytes of the payload of a page that is one word, or none.
    static let wordSize = 8
    static let mask48: UInt64 = (1 << 48) - 1

    var table: UInt32
    var length: UInt16
    var kind: UInt8
    var page: UInt64
    /// Grows with every write of a page; a record that cleaning moves keeps its number.
    var sequence: UInt64

    /// Bytes of the log that a payload of this length takes, its header and padding included.
    @inline(__always)
    static func span(length: Int) -> Int {
        (size + length + alignment - 1) & ~(alignment - 1)
    }

    var span: Int { Self.span(length: Int(length)) }

    init(table: UInt32, length: UInt16, kind: UInt8, page: UInt64, sequence: UInt64) {
        self.table = table
        self.length = length
        self.kind = kind
        self.page = page
        self.sequence = sequence
    }

    /// Reads a header; nil if there is none here, or a damaged one.
    @inline(__always)
    init?(from bytes: UnsafeRawPointer, salt: UInt32) {
        guard bytes.loadUnaligned(as: UInt32.self) == Self.magic,
            bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
                == Checksum.of(bytes + 8, count: Self.size - 8, seed: salt)
        else { return nil }
        table = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        length = bytes.loadUnaligned(fromByteOffset: 12, as: UInt16.self)
        kind = bytes.loadUnaligned(fromByteOffset: 14, as: UInt8.self)
        page = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self) & Self.mask48
        sequence = bytes.loadUnaligned(fromByteOffset: 22, as: UInt64.self) & Self.mask48
        guard length > 0, length <= UInt16(PageGeometry.pageSize) else { return nil }
    }

    /// Writes all but the sequence number and the checksum that covers it.
    @inline(__always)
    static func stage(
        _ at: UnsafeMutableRawPointer,
        table: UInt32,
        page: UInt64,
        kind: RecordKind,
        length: Int,
        salt: UInt32
    ) {
        at.storeBytes(of: magic, as: UInt32.self)
        at.storeBytes(of: table, toByteOffset: 8, as: UInt32.self)
        at.storeBytes(of: UInt16(length), toByteOffset: 12, as: UInt16.self)
        at.storeBytes(of: kind.rawValue, toByteOffset: 14, as: UInt8.self)
        at.storeBytes(of: 0, toByteOffset: 15, as: UInt8.self)
        at.storeBytes(of: page, toByteOffset: 16, as: UInt64.self)
        // Padding goes to the file too: no bytes of an earlier page in it.
        for position in (size + length)..<span(length: length) {
            at.storeBytes(of: 0, toByteOffset: position, as: UInt8.self)
        }
        at.storeBytes(of: Checksum.of(at + size, count: length, seed: salt), toByteOffset: 28, as: UInt32.self)
    }

    /// Completes a staged record.
    @inline(__always)
    static func seal(_ at: UnsafeMutableRawPointer, sequence: UInt64, salt: UInt32) {
        at.storeBytes(of: UInt32(truncatingIfNeeded: sequence), toByteOffset: 22, as: UInt32.self)
        at.storeBytes(of: UInt16(truncatingIfNeeded: sequence >> 32), toByteOffset: 26, as: UInt16.self)
        at.storeBytes(of: Checksum.of(at + 8, count: size - 8, seed: salt), toByteOffset: 4, as: UInt32.self)
    }

    /// Whether the payload of the record that begins here is the one that was written.
    @inline(__always)
    func isIntact(at bytes: UnsafeRawPointer, salt: UInt32) -> Bool {
        bytes.loadUnaligned(fromByteOffset: 28, as: UInt32.self)
            == Checksum.of(bytes + Self.size, count: Int(length), seed: salt)
    }

    /// Puts a header right of which a single bit is wrong; false, and nothing is changed, if it is not that.
    static func repair(_ bytes: UnsafeMutableRawPointer, salt: UInt32) -> Bool {
        let magicError = bytes.loadUnaligned(as: UInt32.self) ^ magic
        let sum = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        let sumError = sum ^ Checksum.of(bytes + 8, count: size - 8, seed: salt)
        switch (magicError.nonzeroBitCount, sumError.nonzeroBitCount) {
        case (1, 0):
            bytes.storeBytes(of: magic, as: UInt32.self)
            return true
        case (0, 1):
            bytes.storeBytes(of: sum ^ sumError, toByteOffset: 4, as: UInt32.self)
            return true
        case (0, _):
            for bit in 64..<(size * 8) {
                let byte = bytes.assumingMemoryBound(to: UInt8.self) + bit / 8
                byte.pointee ^= 1 << UInt8(bit % 8)
                if Checksum.of(bytes + 8, count: size - 8, seed: salt) == sum { return true }
                byte.pointee ^= 1 << UInt8(bit % 8)
            }
            return false
        default: return false
        }
    }
}
