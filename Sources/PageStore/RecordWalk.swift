/// Walks over the records of a segment, or what is left of them.
///
/// Zeroes are holes. Where something else than a record stands the walk looks for the next header at every multiple of
/// the alignment, and notes the gap.
struct RecordWalk {
    private let bytes: UnsafeMutableRawPointer
    private let count: Int
    private let salt: UInt32
    private var position = 0
    /// Ranges that hold neither records nor zeroes.
    private(set) var gaps: [Range<Int>] = []
    /// Gaps at the beginning or directly behind a record. What holes and writes leave behind them that were cut off
    /// begins with zeroes; here stood a header.
    private(set) var breaks: [Int] = []
    /// Where the last record ended.
    private var end = 0
    /// Where a bit of a header was put right.
    private(set) var repaired: [Int] = []

    /// - Parameters:
    ///   - count: how far to walk; what a summary takes at the end of a segment is no part of it.
    ///   - salt: the image's.
    init(bytes: UnsafeMutableRawPointer, count: Int, salt: UInt32) {
        self.bytes = bytes
        self.count = count
        self.salt = salt
    }

    /// The next intact header and its position; its payload is not verified. A header with a single wrong bit is put
    /// right in memory.
    mutating func next() -> (position: Int, header: RecordHeader)? {
        while position + RecordHeader.size <= count {
            let here = position
            if isEmpty(here) { continue }
            let known = RecordHeader(from: bytes + here, salt: salt)
            if known == nil, RecordHeader.repair(bytes + here, salt: salt) { repaired.append(here) }
            if let header = known ?? RecordHeader(from: bytes + here, salt: salt), here + header.span <= count {
                position += header.span
                end = position
                return (here, header)
            }
            if let last = gaps.last, last.upperBound == here {
                gaps[gaps.count - 1] = last.lowerBound..<(here + RecordHeader.alignment)
            } else {
                if here == end { breaks.append(here) }
                gaps.append(here..<(here + RecordHeader.alignment))
            }
            position += RecordHeader.alignment
        }
        return nil
    }

    /// Whether zeroes stand here; then goes on behind them, block by block where there are many.
    private mutating func isEmpty(_ here: Int) -> Bool {
        let block = 4096
        if here % block == 0, here + block <= count, SameFilled.word(of: bytes + here) == 0 {
            position += block
            return true
        }
        let words = bytes + here
        guard words.loadUnaligned(as: UInt64.self) | words.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == 0
        else { return false }
        position += RecordHeader.alignment
        return true
    }
}
