/// What a table can do beyond storing pages with one compressor.
public struct TableOptions: Sendable {
    /// The level of the table's algorithm; nil for its default.
    public var level: Int32?
    /// What the stored pages may take, in pages of 4096 bytes; 0 for no limit.
    public var limitPages: UInt64 = 0
    /// Compressors for `recompress`, by priority: 1 to 3.
    public var secondary: [Int: Compressor] = [:]
    /// Where pages can be written back to.
    public var backing: BackingFile?
    /// Whether to note when each page was accessed last: four bytes a page.
    public var tracksAccess = false

    /// Whether an image that is kept forgets the table unless `complete` is called: half a disk is none.
    public var isIncomplete = false

    /// One compressor at its default level, and nothing else.
    public init() {}
}
