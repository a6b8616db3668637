/// A disk's table, as the directory of an image lists it.
public struct TableInfo: Sendable, Equatable, Codable {
    /// The number that its records carry.
    public var id: UInt32
    /// The disk's name.
    public var disk: String
    /// The size of the disk in pages of 4096 bytes.
    public var pages: UInt64
    /// What its pages are compressed with.
    public var algorithm: Algorithm
    /// Pages stored, same-filled ones included.
    public var storedPages: UInt64
    /// Bytes of their compressed form.
    public var storedBytes: UInt64
}
