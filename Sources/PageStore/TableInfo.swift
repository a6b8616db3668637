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
    /// The level that was asked for, in the algorithm's own scale; nil for its default.
    public var level: Int32?
    /// What the stored pages may take, in bytes, a multiple of 4096; 0 for no limit. Of a volatile image that was not
    /// closed properly it is what the limit was when the table was made.
    public var memLimit: UInt64
    /// The path of the device that pages are written back to; of a volatile image it is not kept.
    public var backing: String?
    /// Pages stored, same-filled ones included.
    public var storedPages: UInt64
    /// Bytes of their compressed form.
    public var storedBytes: UInt64
}
