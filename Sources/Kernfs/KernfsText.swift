/// Bytes of what show gave: the part that one read asked for. Sharing the string costs no copy.
public struct KernfsText {
    private let text: String
    private let range: Range<Int>

    init(_ text: String, _ range: Range<Int>) {
        self.text = text
        self.range = range
    }

    /// How many bytes there are.
    public var count: Int { range.count }

    /// True at the end of the file.
    public var isEmpty: Bool { range.isEmpty }

    /// Gives `body` the bytes; they are there as long as it runs.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        var text = text
        return text.withUTF8 { body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer($0)[range])) }
    }

    /// A copy of the bytes.
    public var bytes: [UInt8] { withBytes { Array($0) } }
}
