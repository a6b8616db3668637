/// Takes a block of the image apart, little-endian.
struct ByteReader {
    let bytes: UnsafeRawBufferPointer

    func get<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
        Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    func text(at offset: Int, room: Int) -> String {
        let field = bytes[offset..<(offset + room)].prefix { $0 != 0 }
        return String(decoding: field, as: UTF8.self)
    }

    func checksumMatches(at offset: Int, covering range: Range<Int>) -> Bool {
        let sum = Checksum.of(bytes.baseAddress! + range.lowerBound, count: range.count)
        return sum == get(UInt32.self, at: offset)
    }
}
