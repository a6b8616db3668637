/// Builds a block of the image, little-endian.
struct ByteWriter {
    private(set) var bytes: [UInt8]

    init(count: Int) {
        bytes = [UInt8](repeating: 0, count: count)
    }

    mutating func put<Number: FixedWidthInteger>(_ number: Number, at offset: Int) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self) }
    }

    /// Text, cut off where the room ends.
    mutating func put(_ text: String, at offset: Int, room: Int) {
        for (index, byte) in text.utf8.prefix(room).enumerated() { bytes[offset + index] = byte }
    }

    mutating func sealChecksum(at offset: Int, covering range: Range<Int>) {
        let sum = bytes.withUnsafeBytes { Checksum.of($0.baseAddress! + range.lowerBound, count: range.count) }
        put(sum, at: offset)
    }
}
