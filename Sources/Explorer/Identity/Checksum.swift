import KernelCore

/// A checksum of 128 bits, against damage and edits by hand: two sums of 64 bits, in each of which a change of any one
/// word is seen for certain. Whoever means to forge a file can compute it too.
struct Checksum: Equatable {
    private var first: UInt64 = 0x6a09_e667_f3bc_c908
    private var second: UInt64 = 0xbb67_ae85_84ca_a73b

    /// Takes in some bytes, and where they end.
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        let words = bytes.count / 8
        for place in 0..<words { add(bytes.loadUnaligned(fromByteOffset: place * 8, as: UInt64.self)) }
        var rest: UInt64 = 0
        for place in words * 8..<bytes.count { rest = rest << 8 | UInt64(bytes[place]) }
        add(rest)
        add(UInt64(bytes.count))
    }

    /// Takes in one word.
    @inline(__always)
    mutating func add(_ word: UInt64) {
        first = mix(first, word)
        second = (second ^ word) &* 0x9e37_79b9_7f4a_7c15
        second = second << 29 | second >> 35
    }

    /// Takes in a text, and where it ends.
    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// The sums.
    var words: [UInt64] { [first, second] }
    /// 32 hex digits.
    var text: String { Hex.text(first, digits: 16) + Hex.text(second, digits: 16) }
}

/// Numbers in hex.
enum Hex {
    /// The lowest so many digits.
    static func text(_ value: UInt64, digits: Int) -> String {
        let text = String(digits < 16 ? value & (1 << UInt64(digits * 4) - 1) : value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
