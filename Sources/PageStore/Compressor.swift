/// How pages are compressed.
public struct Compressor: Sendable, Equatable, Codable {
    /// The algorithm.
    public var algorithm: Algorithm
    /// Its level, in its own scale; for lz4 the acceleration. The library clamps what it does not know.
    public var level: Int32

    /// An algorithm at a level, or at its default.
    public init(_ algorithm: Algorithm, level: Int32? = nil) {
        self.algorithm = algorithm
        self.level = level ?? algorithm.defaultLevel
    }
}
