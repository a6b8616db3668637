import SystemPackage

/// How long the file of an image that is kept must be: whoever cuts it off while it is in use takes records that a mark
/// promises.
extension SegmentLog {
    /// A hole behind the last segment: a write into a segment that is open cannot give a file that was cut off its
    /// length back.
    static let margin: UInt64 = 4096

    /// The segments of a file, the first and one that it ends within included.
    static func segments(in size: UInt64) -> Int {
        let segment = UInt64(LogState.segmentSize)
        return Int((max(size, margin) - margin + segment - 1) / segment)
    }

    /// The length from now on, as it was found.
    func adoptLength() throws(Errno) {
        let size = try file.size()
        length.withLock { $0.bytes = size }
    }

    /// Makes the file long enough for a segment.
    /// - Throws: an error of the host; `EIO` if the file is shorter than it was.
    func grow(over segment: Int) throws(Errno) {
        try length.withLock { known throws(Errno) in
            if try file.size() < known.bytes { known.isCutOff = true }
            if known.isCutOff { throw .ioError }
            let end = UInt64(segment + 1) * UInt64(LogState.segmentSize) + Self.margin
            guard end > known.bytes else { return }
            try file.truncate(to: end)
            known.bytes = end
        }
    }

    /// The length that the file must have, and whether it has, and always had.
    func checkLength() throws(Errno) -> (bytes: UInt64, isWhole: Bool) {
        try length.withLock { known throws(Errno) in
            if try file.size() < known.bytes { known.isCutOff = true }
            return (known.bytes, !known.isCutOff)
        }
    }

    /// Somebody has cut the file off: what is gone of it cannot be promised any more.
    var isCutOff: Bool {
        guard keeps, let found = try? checkLength() else { return false }
        return !found.isWhole
    }
}

/// Bytes that a file must have.
struct KnownLength {
    var bytes: UInt64 = 0
    /// It was once shorter.
    var isCutOff = false
}
