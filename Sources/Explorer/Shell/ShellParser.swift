/// Reads the subset of shell that scenarios are written in: as bash does, or not at all.
struct ShellParser {
    private let tokens: [(token: ShellLexer.Token, line: Int)]
    private let file: String
    private var next = 0
    private var places = 0
    private var depth = 0
    /// Compound commands within one another.
    private static let deepest = 32
    /// Commands of a script.
    private static let longest = 2000

    /// - Throws: what cannot be read, with file and line.
    static func parse(_ text: String, file: String) throws(ScenarioError) -> ShellNode {
        var parser = ShellParser(tokens: try ShellLexer.tokens(text, file: file), file: file)
        let node = try parser.list(until: [], mayBeEmpty: true)
        if parser.next < parser.tokens.count { throw parser.cannotRead("this") }
        var check = ShellCheck(file: file)
        try check.check(node)
        return node
    }

    private init(tokens: [(token: ShellLexer.Token, line: Int)], file: String) {
        self.tokens = tokens
        self.file = file
    }

    private var token: ShellLexer.Token? { next < tokens.count ? tokens[next].token : nil }
    private var line: Int { tokens[min(next, tokens.count - 1)].line }
    private var keyword: String? {
        if case .word(let word)? = token, !word.isQuoted { word.literal } else { nil }
    }

    private func cannotRead(_ what: String) -> ScenarioError { ScenarioError(file: file, line: line, what) }

    private mutating func skipNewlines() { while token == .symbol("\n") { next += 1 } }

    private mutating func expect(_ word: String) throws(ScenarioError) {
        guard keyword == word else { throw cannotRead("this: '\(word)' is missing") }
        next += 1
    }

    private mutating func list(until ends: [String], mayBeEmpty: Bool = false) throws(ScenarioError) -> ShellNode {
        var nodes: [ShellNode] = []
        skipNewlines()
        while token != nil {
            if let keyword, ends.contains(keyword) { break }
            nodes.append(try andOr())
            guard token == nil || token == .symbol("\n") || token == .symbol(";") else {
                throw cannotRead("what follows here")
            }
            if token == .symbol(";") { next += 1 }
            skipNewlines()
        }
        if nodes.isEmpty, !mayBeEmpty { throw cannotRead("this: a command is missing") }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func andOr() throws(ScenarioError) -> ShellNode {
        var node = try negated()
        while let token, token == .symbol("&&") || token == .symbol("||") {
            next += 1
            skipNewlines()
            let right = try negated()
            node = token == .symbol("&&") ? .and(node, right) : .or(node, right)
        }
        return node
    }

    private mutating func negated() throws(ScenarioError) -> ShellNode {
        guard keyword == "!" else { return try element() }
        next += 1
        return .not(try element())
    }

    private mutating func element() throws(ScenarioError) -> ShellNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw cannotRead("commands more than \(Self.deepest) deep in one another") }
        switch keyword {
        case "for": return try forLoop()
        case "while", "until":
            let isUntil = keyword == "until"
            next += 1
            let condition = try list(until: ["do"])
            return .whileLoop(until: isUntil, condition: condition, body: try body())
        case "if":
            next += 1
            return try branch()
        case "case", "function", "select", "do", "done", "then", "fi", "elif", "else", "in", "esac", "time", "coproc",
            "[[", "!":
            throw cannotRead("'\(keyword!)'")
        default: return .command(try command())
        }
    }

    /// Behind `if` or `elif`, to the `fi`.
    private mutating func branch() throws(ScenarioError) -> ShellNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw cannotRead("more than \(Self.deepest) branches") }
        let condition = try list(until: ["then"])
        try expect("then")
        let then = try list(until: ["elif", "else", "fi"])
        var otherwise: ShellNode?
        if keyword == "elif" {
            next += 1
            return .branch(condition: condition, then: then, otherwise: try branch())
        }
        if keyword == "else" {
            next += 1
            otherwise = try list(until: ["fi"])
        }
        try expect("fi")
        return .branch(condition: condition, then: then, otherwise: otherwise)
    }

    private mutating func body() throws(ScenarioError) -> ShellNode {
        try expect("do")
        let body = try list(until: ["done"])
        try expect("done")
        return body
    }

    private mutating func forLoop() throws(ScenarioError) -> ShellNode {
        let line = line
        next += 1
        guard let name = keyword, ShellCheck.isName(name) else { throw cannotRead("this 'for'") }
        next += 1
        skipNewlines()
        try expect("in")
        var words: [ShellWord] = []
        while case .word(let word)? = token {
            words.append(word)
            next += 1
        }
        guard token == .symbol(";") || token == .symbol("\n") else { throw cannotRead("this 'for'") }
        next += 1
        skipNewlines()
        return .forLoop(name: name, words: words, body: try body(), line: line)
    }

    private mutating func command() throws(ScenarioError) -> ShellCommand {
        places += 1
        guard places <= Self.longest else { throw cannotRead("more than \(Self.longest) commands") }
        var command = ShellCommand(place: places, line: line)
        loop: while let token {
            switch token {
            case .word(let word):
                next += 1
                if command.words.isEmpty, let assignment = assignment(word) {
                    command.assignments.append(assignment)
                } else {
                    command.words.append(word)
                }
            case .redirection(let name, let descriptor):
                next += 1
                command.redirections.append(try redirection(name, descriptor))
            case .symbol: break loop
            }
        }
        if command.words.isEmpty, command.assignments.isEmpty, command.redirections.isEmpty {
            throw cannotRead("this: a command is missing")
        }
        return command
    }

    private func assignment(_ word: ShellWord) -> (name: String, value: ShellWord)? {
        guard word.beginsPlain, case .text(let text)? = word.pieces.first, let sign = text.firstIndex(of: "=") else {
            return nil
        }
        let name = String(text[..<sign])
        guard ShellCheck.isName(name) else { return nil }
        var value = ShellWord(pieces: [.text(String(text[text.index(after: sign)...]))], isQuoted: true)
        value.pieces += word.pieces.dropFirst()
        return (name, value)
    }

    private mutating func redirection(_ name: String, _ given: Int?) throws(ScenarioError) -> ShellRedirection {
        let descriptor = given ?? (name.hasPrefix(">") ? 1 : 0)
        guard case .word(let word)? = token else { throw cannotRead("a redirection without a target") }
        next += 1
        func made(_ target: ShellRedirection.Target) -> ShellRedirection {
            ShellRedirection(
                descriptor: descriptor, reads: name.hasPrefix("<"), writes: name.contains(">"), target: target)
        }
        guard name.hasSuffix("&") else { return made(.path(word)) }
        if word.literal == "-" { return made(.close) }
        guard let literal = word.literal, literal.utf8.count == 1, let source = literal.utf8.first,
            ShellLexer.isDigit(source)
        else { throw cannotRead("'\(name)' here") }
        return made(.descriptor(Int(source - UInt8(ascii: "0"))))
    }
}
