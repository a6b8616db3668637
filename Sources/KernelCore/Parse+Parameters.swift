extension Parse {
    /// One `name=value`; the value is nil without a `=`.
    public typealias Parameter = (name: String, value: String?)

    /// Splits a store's text into parameters: blanks part them, quotes keep blanks.
    ///
    /// The corresponding kernel functions are `skip_spaces` and `next_arg`.
    public static func parameters(_ bytes: [UInt8]) -> [Parameter] {
        var rest = cString(bytes)
        var parameters: [Parameter] = []
        while true {
            rest = rest.drop(while: isSpace)
            guard !rest.isEmpty else { return parameters }
            parameters.append(takeParameter(&rest))
        }
    }

    private static func takeParameter(_ rest: inout ArraySlice<UInt8>) -> Parameter {
        let quote = UInt8(ascii: "\"")
        let isQuoted = rest.first == quote
        if isQuoted { rest.removeFirst() }
        var inQuote = isQuoted
        let end =
            rest.firstIndex { byte in
                if isSpace(byte), !inQuote { return true }
                if byte == quote { inQuote.toggle() }
                return false
            } ?? rest.endIndex
        var word = rest[..<end]
        rest = rest[end...]
        var isClosed = false
        if isQuoted, word.last == quote {
            word.removeLast()
            isClosed = true
        }
        guard let equals = word.firstIndex(of: UInt8(ascii: "=")), equals > word.startIndex else {
            return (String(decoding: word, as: UTF8.self), nil)
        }
        var value = word[(equals + 1)...]
        if value.first == quote {
            value.removeFirst()
            if !isClosed, value.last == quote { value.removeLast() }
        }
        return (String(decoding: word[..<equals], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    /// The kernel's `isspace`, for ASCII.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
