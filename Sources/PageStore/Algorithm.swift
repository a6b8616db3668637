/// A compression algorithm, by the name that `comp_algorithm` shows.
public enum Algorithm: String, CaseIterable, Sendable, Codable {
    /// LZO1X-1.
    case lzo
    /// The same here: the kernel's variant, its default, also encodes runs of zeroes, which the library does not.
    case lzoRLE = "lzo-rle"
    /// LZ4.
    case lz4
    /// LZ4 with the slow, thorough match finder: its output is plain LZ4.
    case lz4hc
    /// Zstandard.
    case zstd
    /// Raw deflate with a window of 4 KiB.
    case deflate

    /// The level that is used if none is asked for: as the kernel's backends choose.
    public var defaultLevel: Int32 {
        switch self {
        case .lzo, .lzoRLE: 0
        case .lz4: 1
        case .lz4hc: 9
        case .zstd: 3
        case .deflate: -1
        }
    }
}
