/// What the table knows of one page: 12 bytes in memory.
struct PageEntry {
    /// The repeated word of a same-filled page, or the offset of a stored page's record in the image.
    var value: UInt64 = 0
    private var bits: UInt32 = 0

    private static let same: UInt32 = 1
    private static let stored: UInt32 = 2
    private static let kindMask: UInt32 = 3
    private static let idle: UInt32 = 4
    private static let huge: UInt32 = 8
    private static let lengthShift: UInt32 = 16

    static let empty = PageEntry()

    init() {}

    init(value: UInt64, bits: UInt32) {
        self.value = value
        self.bits = bits
    }

    /// A page of one repeated word.
    static func same(word: UInt64) -> PageEntry { PageEntry(value: word, bits: same) }

    /// A page in the log.
    static func stored(offset: UInt64, length: Int, huge isHuge: Bool) -> PageEntry {
        PageEntry(value: offset, bits: stored | (isHuge ? huge : 0) | UInt32(length) << lengthShift)
    }

    var rawBits: UInt32 { bits }
    var isEmpty: Bool { bits & Self.kindMask == 0 }
    var isSame: Bool { bits & Self.kindMask == Self.same }
    var isStored: Bool { bits & Self.kindMask == Self.stored }
    var isHuge: Bool { bits & Self.huge != 0 }

    /// Payload bytes of a stored page.
    var length: Int { Int(bits >> Self.lengthShift) }

    /// Bytes of the log that a stored page takes.
    var span: Int { RecordHeader.span(length: length) }

    /// Bytes of simulated memory that the page takes.
    var grains: UInt64 {
        isStored ? (UInt64(length) + PageGeometry.grain - 1) & ~(PageGeometry.grain - 1) : 0
    }

    /// Not accessed since the table was last marked idle.
    var isIdle: Bool {
        get { bits & Self.idle != 0 }
        set { bits = newValue ? bits | Self.idle : bits & ~Self.idle }
    }
}
