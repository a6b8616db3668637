/// What an image holds, and what is wrong with it.
public struct ImageReport: Sendable, Equatable, Codable {
    /// How the last use of the image ended.
    public enum State: String, Sendable, Codable {
        /// Closed properly.
        case clean
        /// A daemon has it open now; nothing but its tables can be told.
        case inUse = "in use"
        /// Its daemon ended without closing it.
        case notClosed = "not closed"
    }

    /// A table and its fate.
    public struct Table: Sendable, Equatable, Codable {
        /// The table; of an image that was not closed, with the counts that the log shows: pages that were discarded
        /// count, same-filled ones do not.
        public var info: TableInfo
        /// Whether the image was closed without this table having been freed.
        public var isLeaked: Bool
    }

    /// Something that should not be.
    public struct Problem: Sendable, Equatable, Codable {
        /// Where, in bytes from the beginning of the file.
        public var offset: UInt64
        /// What.
        public var message: String
        /// The disk that it concerns, if that can be told.
        public var disk: String?
        /// The page of that disk.
        public var page: UInt64?
    }

    /// The image.
    public var path: String
    /// The version of the format.
    public var version: UInt32
    /// What sets this life of the image apart from others, as 32 hexadecimal digits.
    public var uuid: String
    /// When this life began, in seconds since 1970.
    public var created: Int64
    /// How it ended.
    public var state: State
    /// Length of the file in bytes, holes included.
    public var fileSize: UInt64
    /// Bytes in a segment.
    public var segmentSize: UInt32
    /// Whether its disks outlive their user: `-o keep`.
    public var keepsDisks = false
    /// Segments with the latest record of some page in them.
    public var segmentsLive = 0
    /// Segments that are holes, or hold only what was overwritten or freed.
    public var segmentsFree = 0
    /// The disks that the image knows.
    public var tables: [Table] = []
    /// Whether the checksums were verified.
    public var checked: Bool
    /// What is wrong; empty for a sound image.
    public var problems: [Problem] = []
}
