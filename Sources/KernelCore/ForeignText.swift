/// Text that others chose, such as a process's name, as it may be shown: on a terminal and in a log it moves no cursor,
/// begins no line, and passes for nothing else.
public enum ForeignText {
    /// A name as one word of printable ASCII: every other byte, a blank and a backslash as `\ooo` in octal.
    ///
    /// The corresponding kernel function is `seq_escape` with `" \t\n\\"` and what is not printable.
    public static func name(_ bytes: some Sequence<UInt8>) -> String {
        bytes.reduce(into: "") { text, byte in
            if (0x21...0x7e).contains(byte), byte != UInt8(ascii: "\\") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += octal(byte)
            }
        }
    }

    /// Text for people: control characters, and those that turn the direction of writing, in octal; newlines and
    /// tabulators stay if asked.
    public static func shown(_ text: String, keepingLines: Bool = false) -> String {
        // Nearly all text is harmless.
        guard text.unicodeScalars.contains(where: { isUnsafe($0, keepingLines) }) else { return text }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if isUnsafe(scalar, keepingLines) {
                for byte in String(scalar).utf8 { result += octal(byte) }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar, _ keepingLines: Bool) -> Bool {
        if scalar.value < 0x7f { return scalar.value < 0x20 && !(keepingLines && (scalar == "\n" || scalar == "\t")) }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
