/// What the table knows of one page: 12 bytes in memory.
struct PageEntry {
    /// The repeated word of a same-filled page, the offset of a stored page's record in the image, or the block of a
    /// page that was written back.
    var value: UInt64 = 0
    private var bits: UInt32 = 0

    private static let same: UInt32 = 1
    private static let stored: UInt32 = 2
    private static let writtenBack: UInt32 = 3
    private static let kindMask: UInt32 = 3
    private static let idle: UInt32 = 4
    private static let huge: UInt32 = 8
    private static let incompressible: UInt32 = 16
    /// Of an image that is kept: a page that is not stored has a record, too, in `value`.
    private static let recorded: UInt32 = 128
    /// On its way to the backing device; whoever reads or writes the page clears it, and it stays.
    private static let underWriteback: UInt32 = 256
    private static let priorityShift: UInt32 = 5
    private static let priorityMask: UInt32 = 3 << priorityShift
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

    /// A page of one repeated word that a record says.
    static func recordedSame(offset: UInt64) -> PageEntry {
        PageEntry(value: offset, bits: same | recorded | UInt32(RecordHeader.wordSize) << lengthShift)
    }

    /// A page that was dropped, and a record that says so.
    static func recordedEmpty(offset: UInt64) -> PageEntry {
        PageEntry(value: offset, bits: recorded | UInt32(RecordHeader.wordSize) << lengthShift)
    }

    /// A page on the backing device.
    static func writtenBack(block: UInt64) -> PageEntry { PageEntry(value: block, bits: writtenBack) }

    /// A page on the backing device, of an image that is kept: the block is in its record.
    static func recordedBack(offset: UInt64) -> PageEntry {
        PageEntry(value: offset, bits: writtenBack | recorded | UInt32(BackedPage.size) << lengthShift)
    }

    var rawBits: UInt32 { bits }
    var isEmpty: Bool { bits & Self.kindMask == 0 }
    var isSame: Bool { bits & Self.kindMask == Self.same }
    var isStored: Bool { bits & Self.kindMask == Self.stored }
    var isWrittenBack: Bool { bits & Self.kindMask == Self.writtenBack }
    /// `value` is the offset of a record, which lives as long as the entry.
    var hasRecord: Bool { isStored || bits & Self.recorded != 0 }
    /// Its content is in a record.
    var isInRecord: Bool { isStored || isSame && hasRecord }
    var isHuge: Bool { bits & Self.huge != 0 }

    /// Payload bytes of the record.
    var length: Int { Int(bits >> Self.lengthShift) }

    /// Bytes of the log that the record takes.
    var span: Int { RecordHeader.span(length: length) }

    /// Bytes of simulated memory that the page takes.
    var grains: UInt64 {
        isStored ? (UInt64(length) + PageGeometry.grain - 1) & ~(PageGeometry.grain - 1) : 0
    }

    /// No compressor of the table makes the page smaller.
    var isIncompressible: Bool {
        get { bits & Self.incompressible != 0 }
        set { bits = newValue ? bits | Self.incompressible : bits & ~Self.incompressible }
    }

    /// The priority of the compressor that made the record: 0 for the first, up to 3.
    var priority: Int {
        get { Int((bits & Self.priorityMask) >> Self.priorityShift) }
        set { bits = bits & ~Self.priorityMask | UInt32(newValue) << Self.priorityShift }
    }

    /// Somebody writes a copy of it to the backing device. The kernel's `ZRAM_PP_SLOT`, before 6.13 `ZRAM_UNDER_WB`.
    var isUnderWriteback: Bool {
        get { bits & Self.underWriteback != 0 }
        set { bits = newValue ? bits | Self.underWriteback : bits & ~Self.underWriteback }
    }

    /// Not accessed since the table was last marked idle.
    var isIdle: Bool {
        get { bits & Self.idle != 0 }
        set { bits = newValue ? bits | Self.idle : bits & ~Self.idle }
    }
}
