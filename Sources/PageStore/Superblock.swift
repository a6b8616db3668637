import Glibc
import SystemPackage

/// The first 4 KiB of an image. An image that is kept has a copy near the end of its first segment.
///
/// Little-endian: magic (8 bytes), checksum, version (4 each), uuid (16), segment size, state, flags, zero (4 each),
/// created (8, seconds since 1970), a digest of where all pages are (8), 1 if there is one (4). The checksum covers bytes
/// 12 to the end.
struct Superblock {
    static let size = 4096
    static let magic: UInt64 = 0x0A67_6D49_4D61_725A  // "ZraMImg\n"
    static let version: UInt32 = 1
    static let copyOffset = SyncMarks.offset - UInt64(size)

    /// Whether somebody uses the image, or did so until the end of its process.
    enum State: UInt32 {
        case inUse = 1
        case clean = 2
    }

    var version = Self.version
    var uuid: (UInt64, UInt64)
    var segmentSize = UInt32(LogState.segmentSize)
    var state: State
    /// Features without which the image must not be touched: the image is kept, `-o keep`; it names backing devices;
    /// it has pages that earlier versions cannot read.
    var flags: UInt32 = 0
    static let kept: UInt32 = 1
    /// Some disk has, or had, a backing device.
    static let backed: UInt32 = 2
    /// Some disk has pages that LZO compressed.
    static let lzo: UInt32 = 4
    static let known = kept | backed | lzo
    var created: Int64
    /// Of an image that is kept and was closed properly: `RecordDigest` of all pages. Earlier versions know none.
    var digest: UInt64?

    /// A superblock for a new life of an image.
    init(state: State) {
        var random = SystemRandomNumberGenerator()
        uuid = (random.next(), random.next())
        created = Int64(time(nil))
        self.state = state
    }

    /// Reads a superblock. The magic is checked by the caller, who knows what to say.
    /// - Throws: `EIO` if the checksum or a value is wrong.
    init(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
        let reader = ByteReader(bytes: bytes)
        guard reader.checksumMatches(at: 8, covering: 12..<Self.size),
            let state = State(rawValue: reader.get(UInt32.self, at: 36))
        else { throw .ioError }
        version = reader.get(UInt32.self, at: 12)
        uuid = (reader.get(UInt64.self, at: 16), reader.get(UInt64.self, at: 24))
        segmentSize = reader.get(UInt32.self, at: 32)
        self.state = state
        flags = reader.get(UInt32.self, at: 40)
        created = reader.get(Int64.self, at: 48)
        digest = reader.get(UInt32.self, at: 64) == 1 ? reader.get(UInt64.self, at: 56) : nil
    }

    /// Writes it; of an image that is kept the copy first, so that one of the two is whole at any moment.
    func write(to file: ImageFile) throws(Errno) {
        if flags & Self.kept != 0 {
            try file.write(at: Self.copyOffset, encoded)
            try file.synchronize()
        }
        try file.write(at: 0, encoded)
    }

    private var encoded: [UInt8] {
        var block = ByteWriter(count: Self.size)
        block.put(Self.magic, at: 0)
        block.put(version, at: 12)
        block.put(uuid.0, at: 16)
        block.put(uuid.1, at: 24)
        block.put(segmentSize, at: 32)
        block.put(state.rawValue, at: 36)
        block.put(flags, at: 40)
        block.put(created, at: 48)
        block.put(digest ?? 0, at: 56)
        block.put(UInt32(digest == nil ? 0 : 1), at: 64)
        block.sealChecksum(at: 8, covering: 12..<Self.size)
        return block.bytes
    }

    /// Where the checksums of this life's records start.
    var salt: UInt32 {
        withUnsafeBytes(of: uuid) { Checksum.of($0.baseAddress!, count: $0.count) }
    }

    var uuidText: String {
        let digits = [uuid.0, uuid.1].map { String($0, radix: 16) }
        return digits.map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
    }
}
