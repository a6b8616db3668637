/// A compression algorithm, by the name that `comp_algorithm` shows.
public enum Algorithm: String, CaseIterable, Sendable, Codable {
    /// LZ4, the default.
    case lz4
    /// LZ4 with the slow, thorough match finder: its output is plain LZ4.
    case lz4hc
    /// Zstandard at level 3.
    case zstd
}
