import SystemPackage

/// The kernel's parsers of text that user space writes: exactly as lenient and as strict.
public enum Parse {
    /// The bytes up to the first NUL: what a C function sees of a write.
    public static func cString(_ bytes: [UInt8]) -> ArraySlice<UInt8> { bytes.prefix { $0 != 0 } }

    /// Digits with an optional sign and one optional trailing newline.
    ///
    /// - Parameters:
    ///   - base: 10, or 0 for C's prefixes.
    ///   - allowsMinus: only signed kinds take a `-`.
    /// - Throws: `EINVAL` for anything else; `ERANGE` above 64 bits.
    ///
    /// The corresponding kernel function is `_kstrtoull`.
    static func magnitude(
        _ bytes: [UInt8], base: UInt64, allowsMinus: Bool
    ) throws(Errno) -> (value: UInt64, isNegative: Bool) {
        var text = cString(bytes)
        var isNegative = false
        if text.first == UInt8(ascii: "+") {
            text.removeFirst()
        } else if allowsMinus, text.first == UInt8(ascii: "-") {
            isNegative = true
            text.removeFirst()
        }
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        let radix = takeBase(&text, base)
        guard !text.isEmpty else { throw .invalidArgument }
        var value: UInt64 = 0
        var isTooLarge = false
        for byte in text {
            guard let digit = digit(byte), digit < radix else { throw .invalidArgument }
            let (product, high) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digit)
            isTooLarge = isTooLarge || high || carry
            value = sum
        }
        if isTooLarge { throw .outOfRange }
        return (value, isNegative)
    }

    /// An unsigned number. The kernel's `kstrtou16`, `kstrtouint`, `kstrtoull`: by the type asked for.
    ///
    /// - Throws: `EINVAL` for text that is no number; `ERANGE` if it does not fit.
    public static func unsigned<T: FixedWidthInteger & UnsignedInteger>(
        _ bytes: [UInt8], base: UInt64 = 10, as type: T.Type = T.self
    ) throws(Errno) -> T {
        let (value, _) = try magnitude(bytes, base: base, allowsMinus: false)
        guard let result = T(exactly: value) else { throw .outOfRange }
        return result
    }

    /// A signed number. The kernel's `kstrtoint`, `kstrtol`, `kstrtoll`.
    ///
    /// - Throws: `EINVAL` for text that is no number; `ERANGE` if it does not fit.
    public static func signed<T: FixedWidthInteger & SignedInteger>(
        _ bytes: [UInt8], base: UInt64 = 10, as type: T.Type = T.self
    ) throws(Errno) -> T {
        let (value, isNegative) = try magnitude(bytes, base: base, allowsMinus: true)
        if isNegative {
            guard let negated = T(exactly: -Int128(value)) else { throw .outOfRange }
            return negated
        }
        guard let result = T(exactly: value) else { throw .outOfRange }
        return result
    }

    /// A size with an optional suffix K, M, G, T, P or E; what follows is ignored, overflow wraps.
    ///
    /// - Returns: the value, and whether anything was parsed.
    ///
    /// The corresponding kernel function is `memparse`.
    public static func memory(_ bytes: [UInt8]) -> (value: UInt64, isParsed: Bool) {
        var text = cString(bytes)
        let radix = takeBase(&text, 0)
        var value: UInt64 = 0
        var isParsed = false
        while let byte = text.first, let digit = digit(byte), digit < radix {
            value = value &* radix &+ digit
            isParsed = true
            text.removeFirst()
        }
        let suffixes = Array("KMGTPE".utf8)
        if let last = text.first, let power = suffixes.firstIndex(of: last & ~0x20) {
            value = value &<< (10 * UInt64(power + 1))
            isParsed = true
        }
        return (value, isParsed)
    }

    /// True if the text equals `name`, apart from one trailing newline. The kernel's `sysfs_streq`.
    public static func equals(_ bytes: [UInt8], _ name: String) -> Bool {
        var text = cString(bytes)
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        return text.elementsEqual(name.utf8)
    }

    /// A truth value. The kernel's `kstrtobool`.
    ///
    /// - Throws: `EINVAL` for text that is none.
    public static func bool(_ bytes: [UInt8]) throws(Errno) -> Bool {
        switch bytes.first {
        case UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "1"): return true
        case UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "0"): return false
        case UInt8(ascii: "o"), UInt8(ascii: "O"):
            guard bytes.count > 1 else { throw .invalidArgument }
            if bytes[1] | 0x20 == UInt8(ascii: "n") { return true }
            if bytes[1] | 0x20 == UInt8(ascii: "f") { return false }
            throw .invalidArgument
        default: throw .invalidArgument
        }
    }

    /// The kernel's `_parse_integer_fixup_radix`: base 0 looks at the prefix.
    private static func takeBase(_ text: inout ArraySlice<UInt8>, _ base: UInt64) -> UInt64 {
        guard base == 0 else { return base }
        guard text.first == UInt8(ascii: "0") else { return 10 }
        let second = text.dropFirst().first.map { $0 | 0x20 }
        if second == UInt8(ascii: "x"), let third = text.dropFirst(2).first, digit(third) != nil {
            text.removeFirst(2)
            return 16
        }
        return 8
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
