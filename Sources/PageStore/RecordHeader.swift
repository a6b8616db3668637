/// What a record in the log holds.
enum RecordKind: UInt8 {
    case lz4 = 1
    case zstd = 2
    case raw = 3
    /// A page of one repeated word, which is the payload; images that are kept have such records.
    case same = 4
    /// A page that was dropped; the payload is a word of zero.
    case dropped = 5
    case deflate = 8

    /// What an algorithm makes.
    @inline(__always)
    init(_ algorithm: Algorithm) {
        switch algorithm {
        case .lz4, .lz4hc: self = .lz4
        case .zstd: self = .zstd
        case .deflate: self = .deflate
        }
    }
}

/// The 32 bytes before every stored page: enough to rebuild the page tables from the log alone.
///
/// Little-endian: magic, checksum, table id (4 bytes each), payload length (2), kind (1), zero (1), page index (8),
/// sequence number (8). The checksum covers the payload and then bytes 8 to 31, and starts from the image's salt, so
/// that a record of another image, or of an earlier life of this one, never fits.
struct RecordHeader {
    static let size = 32
    static let magic: UInt32 = 0x3150_525A  // "ZRP1"
    /// Records begin at multiples of this.
    static let alignment = 16
    /// Bytes of the payload of a page that is one word, or none.
    static let wordSize = 8

    var checksum: UInt32
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

    /// Reads a header; nil if there is none here.
    @inline(__always)
    init?(from bytes: UnsafeRawPointer) {
        guard bytes.loadUnaligned(as: UInt32.self) == Self.magic else { return nil }
        checksum = bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        table = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
        length = bytes.loadUnaligned(fromByteOffset: 12, as: UInt16.self)
        kind = bytes.loadUnaligned(fromByteOffset: 14, as: UInt8.self)
        page = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        sequence = bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
        guard length > 0, length <= UInt16(PageGeometry.pageSize) else { return nil }
    }

    /// Writes all but the sequence number and the checksum, and returns the checksum of the payload.
    @inline(__always)
    static func stage(
        _ at: UnsafeMutableRawPointer,
        table: UInt32,
        page: UInt64,
        kind: RecordKind,
        length: Int,
        salt: UInt32
    ) -> UInt32 {
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
        return Checksum.of(at + size, count: length, seed: salt)
    }

    /// Completes a staged record.
    @inline(__always)
    static func seal(_ at: UnsafeMutableRawPointer, sequence: UInt64, payload: UInt32) {
        at.storeBytes(of: sequence, toByteOffset: 24, as: UInt64.self)
        at.storeBytes(of: Checksum.of(at + 8, count: size - 8, seed: payload), toByteOffset: 4, as: UInt32.self)
    }

    /// Whether the record that begins here is the one that was written.
    @inline(__always)
    func isIntact(at bytes: UnsafeRawPointer, salt: UInt32) -> Bool {
        let payload = Checksum.of(bytes + Self.size, count: Int(length), seed: salt)
        return Checksum.of(bytes + 8, count: Self.size - 8, seed: payload) == checksum
    }
}
