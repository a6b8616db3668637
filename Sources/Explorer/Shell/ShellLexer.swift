/// Splits a script into words and operators, by bytes: what bash would do something else with is refused.
struct ShellLexer {
    enum Token: Equatable {
        case word(ShellWord)
        /// `;`, `&&`, `||` or a newline.
        case symbol(String)
        /// `>`, `<&` and the like, and the digit before it.
        case redirection(String, descriptor: Int?)
    }

    private let text: [UInt8]
    private let file: String
    private var next = 0
    private var line = 1
    private(set) var tokens: [(token: Token, line: Int)] = []

    static func tokens(_ text: String, file: String) throws(ScenarioError) -> [(token: Token, line: Int)] {
        var lexer = ShellLexer(text: Array(text.utf8), file: file)
        try lexer.run()
        return lexer.tokens
    }

    private init(text: [UInt8], file: String) {
        self.text = text
        self.file = file
    }

    private var byte: UInt8? { next < text.count ? text[next] : nil }
    private func peek(_ distance: Int) -> UInt8? { next + distance < text.count ? text[next + distance] : nil }
    private func character(_ byte: UInt8?) -> String { byte.map { String(UnicodeScalar($0)) } ?? "" }
    private func cannotRead(_ what: String) -> ScenarioError { ScenarioError(file: file, line: line, what) }

    private mutating func run() throws(ScenarioError) {
        while let here = byte {
            switch here {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): next += 1
            case UInt8(ascii: "\\") where peek(1) == UInt8(ascii: "\n"):
                next += 2
                line += 1
            case UInt8(ascii: "\n"):
                tokens.append((.symbol("\n"), line))
                line += 1
                next += 1
            case UInt8(ascii: "#"):
                while let here = byte, here != UInt8(ascii: "\n") {
                    try check(here, isComment: true)
                    next += 1
                }
            case UInt8(ascii: ";"):
                guard peek(1) != here else { throw cannotRead("';;'") }
                symbol(";")
            case UInt8(ascii: "&"):
                guard peek(1) == here else { throw cannotRead("'&': a command in the background") }
                symbol("&&")
            case UInt8(ascii: "|"):
                guard peek(1) == here else { throw cannotRead("'|': a pipe") }
                symbol("||")
            case UInt8(ascii: "("), UInt8(ascii: ")"):
                throw cannotRead("'\(character(here))': a subshell or a function")
            case UInt8(ascii: "<"), UInt8(ascii: ">"): try redirection(nil)
            default: if try !digits() { try word() }
            }
        }
        tokens.append((.symbol("\n"), line))
    }

    private mutating func symbol(_ name: String) {
        tokens.append((.symbol(name), line))
        next += name.utf8.count
    }

    /// Digits right before `<` or `>` are the descriptor.
    private mutating func digits() throws(ScenarioError) -> Bool {
        let count = text[next...].prefix { Self.isDigit($0) }.count
        guard count > 0, let after = peek(count), after == UInt8(ascii: "<") || after == UInt8(ascii: ">") else {
            return false
        }
        guard count == 1 else { throw cannotRead("a descriptor above 9") }
        next += 1
        try redirection(Int(text[next - 1] - UInt8(ascii: "0")))
        return true
    }

    private mutating func redirection(_ descriptor: Int?) throws(ScenarioError) {
        var name = character(byte)
        next += 1
        if let here = byte, [UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "&"), UInt8(ascii: "|")].contains(here)
        {
            name += character(here)
            next += 1
        }
        guard [">", "<", ">>", "<>", ">&", "<&"].contains(name) else { throw cannotRead("'\(name)'") }
        tokens.append((.redirection(name, descriptor: descriptor), line))
    }

    private mutating func word() throws(ScenarioError) {
        var word = ShellWord()
        var buffer: [UInt8] = []
        var quote: UInt8?
        func flush(_ isForced: Bool = false) {
            if !buffer.isEmpty || isForced { word.pieces.append(.text(String(decoding: buffer, as: UTF8.self))) }
            buffer = []
        }
        while let here = byte {
            if quote == nil, " \t\n;&|<>()".utf8.contains(here) { break }
            if here == quote {
                // Also an empty one makes a field.
                flush(true)
                quote = nil
            } else if quote == nil, here == UInt8(ascii: "'") || here == UInt8(ascii: "\"") {
                if word.pieces.isEmpty, buffer.isEmpty { word.beginsPlain = false }
                flush()
                quote = here
                word.isQuoted = true
            } else if quote == UInt8(ascii: "'") {
                try check(here, isComment: false)
                buffer.append(here)
            } else if here == UInt8(ascii: "$") {
                flush()
                word.pieces.append(.parameter(try parameter(), isQuoted: quote != nil))
                continue
            } else if here == UInt8(ascii: "\\") {
                guard let after = peek(1) else { throw cannotRead("a backslash at the end") }
                if word.pieces.isEmpty { word.beginsPlain = false }
                next += 1
                if after == UInt8(ascii: "\n") {
                    line += 1
                } else {
                    try check(after, isComment: false)
                    if quote != nil, !"\"\\$`".utf8.contains(after) { buffer.append(here) }
                    buffer.append(after)
                    word.isQuoted = true
                }
            } else {
                try check(here, isComment: false)
                if here == UInt8(ascii: "`") { throw cannotRead("'`': a command in a word") }
                if quote == nil { try checkPlain(here, isFirst: buffer.isEmpty && word.pieces.isEmpty) }
                buffer.append(here)
            }
            next += 1
        }
        if quote != nil { throw cannotRead("a quote that does not end") }
        flush()
        if !word.pieces.isEmpty { tokens.append((.word(word), line)) }
    }

    /// What bash would replace where nothing quotes it.
    private func checkPlain(_ here: UInt8, isFirst: Bool) throws(ScenarioError) {
        switch here {
        case UInt8(ascii: "["):
            let isCommand = isFirst && peek(1).map { " \t".utf8.contains($0) } == true
            if !isCommand { throw cannotRead("'[': a pattern of file names") }
        case UInt8(ascii: "*"), UInt8(ascii: "?"): throw cannotRead("'\(character(here))': a pattern of file names")
        case UInt8(ascii: "{"), UInt8(ascii: "}"): throw cannotRead("'\(character(here))': braces")
        case UInt8(ascii: "~"): throw cannotRead("'~': somebody's home")
        default: break
        }
    }

    private func check(_ here: UInt8, isComment: Bool) throws(ScenarioError) {
        switch here {
        case UInt8(ascii: "\n"): throw cannotRead("a quote that does not end on its line")
        case UInt8(ascii: "\r"):
            throw cannotRead("a carriage return: the file has the lines of another system; sed -i 's/\\r$//' mends it")
        case UInt8(ascii: "\t"): break
        case ..<0x20, 0x7f: throw cannotRead("a control character")
        case 0x80...: if !isComment { throw cannotRead("a character that is not ASCII") }
        default: break
        }
    }

    private mutating func parameter() throws(ScenarioError) -> String {
        next += 1
        let isBraced = byte == UInt8(ascii: "{")
        if isBraced { next += 1 }
        var name = ""
        if let here = byte, here == UInt8(ascii: "?") || Self.isDigit(here) {
            name = character(here)
            next += 1
        } else {
            while let here = byte, Self.isNameByte(here) {
                name += character(here)
                next += 1
            }
        }
        if name.isEmpty {
            throw cannotRead(byte == UInt8(ascii: "(") ? "'$(': a command in a word" : "'$\(character(byte))'")
        }
        if isBraced {
            guard byte == UInt8(ascii: "}") else { throw cannotRead("'${\(name)\(character(byte))'") }
            next += 1
        }
        if name == "0" { throw cannotRead("'$0': it depends on how a person calls the script") }
        if Self.isDigit(name.utf8.first!), name != "1" {
            throw cannotRead("'$\(name)': a terminal gets one argument, the mount point")
        }
        return name
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
