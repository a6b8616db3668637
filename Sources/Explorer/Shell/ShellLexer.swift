/// Splits a script into words and operators.
struct ShellLexer {
    enum Token: Equatable {
        case word(ShellWord)
        /// `;`, `&&`, `||`, a newline, or a redirection such as `2>`, `>&`, `<`.
        case symbol(String)
    }

    private let text: [Character]
    private let file: String
    private var next = 0
    private var line = 1
    private(set) var tokens: [(token: Token, line: Int)] = []

    static func tokens(_ text: String, file: String) throws(ScenarioError) -> [(token: Token, line: Int)] {
        var lexer = ShellLexer(text: Array(text), file: file)
        try lexer.run()
        return lexer.tokens
    }

    private init(text: [Character], file: String) {
        self.text = text
        self.file = file
    }

    private var character: Character? { next < text.count ? text[next] : nil }
    private func peek(_ distance: Int) -> Character? { next + distance < text.count ? text[next + distance] : nil }

    private func cannotRead(_ what: String) -> ScenarioError { ScenarioError(file: file, line: line, what) }

    private mutating func run() throws(ScenarioError) {
        while let here = character {
            switch here {
            case " ", "\t": next += 1
            case "\\" where peek(1) == "\n":
                next += 2
                line += 1
            case "\n":
                tokens.append((.symbol("\n"), line))
                line += 1
                next += 1
            case "#": while let here = character, here != "\n" { next += 1 }
            case ";": symbol(";")
            case "&":
                guard peek(1) == "&" else { throw cannotRead("'&': a command in the background") }
                symbol("&&")
            case "|":
                guard peek(1) == "|" else { throw cannotRead("'|': a pipe") }
                symbol("||")
            case "<", ">": try redirection("")
            case _ where here.isNumber && (peek(1) == "<" || peek(1) == ">"):
                next += 1
                try redirection(String(here))
            case "(", ")", "`": throw cannotRead("'\(here)': a subshell")
            default: try word()
            }
        }
        tokens.append((.symbol("\n"), line))
    }

    private mutating func symbol(_ name: String) {
        tokens.append((.symbol(name), line))
        next += name.count
    }

    private mutating func redirection(_ descriptor: String) throws(ScenarioError) {
        let sign = character == "<" ? "<" : ">"
        next += 1
        if character == ">" || character == "<" { throw cannotRead("'\(sign)\(sign)'") }
        var name = descriptor + sign
        if character == "&" {
            next += 1
            name += "&"
        }
        tokens.append((.symbol(name), line))
    }

    private mutating func word() throws(ScenarioError) {
        var word = ShellWord()
        var buffer = ""
        var quote: Character?
        func isEnd(_ here: Character) -> Bool { " \t\n;&|<>()".contains(here) }
        func flush(_ word: inout ShellWord, _ buffer: inout String) {
            if !buffer.isEmpty { word.pieces.append(.text(buffer)) }
            buffer = ""
        }
        while let here = character {
            if quote == nil, isEnd(here) { break }
            if here == "\n" { throw cannotRead("a quote that does not end on its line") }
            if here == quote {
                quote = nil
            } else if quote == nil, here == "'" || here == "\"" {
                quote = here
                word.isQuoted = true
            } else if here == "$", quote != "'" {
                flush(&word, &buffer)
                word.pieces.append(.parameter(try parameter()))
                continue
            } else if here == "`", quote != "'" {
                throw cannotRead("'`': a command within a command")
            } else if quote == nil, here == "*" || here == "?" {
                throw cannotRead("'\(here)': a pattern of file names")
            } else if here == "\\", quote != "'", let after = peek(1), quote == nil || "\"\\$".contains(after) {
                buffer.append(after)
                next += 1
            } else {
                buffer.append(here)
            }
            next += 1
        }
        if quote != nil { throw cannotRead("a quote that does not end") }
        flush(&word, &buffer)
        tokens.append((.word(word), line))
    }

    private mutating func parameter() throws(ScenarioError) -> String {
        next += 1
        let isBraced = character == "{"
        if isBraced { next += 1 }
        var name = ""
        if let here = character, here == "?" || here.isNumber {
            name = String(here)
            next += 1
        } else {
            while let here = character, here.isLetter || here.isNumber || here == "_" {
                name.append(here)
                next += 1
            }
        }
        if isBraced {
            guard character == "}" else { throw cannotRead("'${\(name)...'") }
            next += 1
        }
        guard !name.isEmpty else { throw cannotRead("'$\(character.map(String.init) ?? "")'") }
        return name
    }
}
