/// Walks over the records of a segment, or what is left of them.
///
/// Zeroes are holes. Where something else than a record stands the walk looks for the next header at every multiple of
/// the alignment, and notes the gap.
struct RecordWalk {
    private let bytes: UnsafeRawPointer
    private let count: Int
    private var position = 0
    /// Ranges that hold neither records nor zeroes.
    private(set) var gaps: [Range<Int>] = []

    init(bytes: UnsafeRawPointer, count: Int) {
        self.bytes = bytes
        self.count = count
    }

    /// The next header and its position; its checksum is not verified.
    mutating func next() -> (position: Int, header: RecordHeader)? {
        while position + RecordHeader.size <= count {
            let here = position
            if let header = RecordHeader(from: bytes + here), here + header.span <= count {
                position += header.span
                return (here, header)
            }
            let words = bytes + here
            if words.loadUnaligned(as: UInt64.self) | words.loadUnaligned(fromByteOffset: 8, as: UInt64.self) != 0 {
                if let last = gaps.last, last.upperBound == here {
                    gaps[gaps.count - 1] = last.lowerBound..<(here + RecordHeader.alignment)
                } else {
                    gaps.append(here..<(here + RecordHeader.alignment))
                }
            }
            position += RecordHeader.alignment
        }
        return nil
    }
}
