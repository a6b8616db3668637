/// Reads the subset of shell that scenarios are written in.
struct ShellParser {
    private let tokens: [(token: ShellLexer.Token, line: Int)]
    private let file: String
    private var next = 0
    private var places = 0

    static func parse(_ text: String, file: String) throws(ScenarioError) -> ShellNode {
        var parser = ShellParser(tokens: try ShellLexer.tokens(text, file: file), file: file)
        let node = try parser.list(until: [])
        if parser.next < parser.tokens.count { throw parser.cannotRead("this") }
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

    private mutating func skipSeparators() {
        while token == .symbol("\n") || token == .symbol(";") { next += 1 }
    }

    private mutating func expect(_ word: String) throws(ScenarioError) {
        skipSeparators()
        guard keyword == word else { throw cannotRead("this: '\(word)' is missing") }
        next += 1
    }

    private mutating func list(until ends: [String]) throws(ScenarioError) -> ShellNode {
        var nodes: [ShellNode] = []
        skipSeparators()
        while token != nil {
            if let keyword, ends.contains(keyword) { break }
            nodes.append(try andOr())
            if token != nil, token != .symbol("\n"), token != .symbol(";") { throw cannotRead("what follows here") }
            skipSeparators()
        }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func andOr() throws(ScenarioError) -> ShellNode {
        var node = try negated()
        while let token, token == .symbol("&&") || token == .symbol("||") {
            next += 1
            while self.token == .symbol("\n") { next += 1 }
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
        switch keyword {
        case "for": return try forLoop()
        case "while", "until":
            let isUntil = keyword == "until"
            next += 1
            let condition = try list(until: ["do"])
            return .whileLoop(until: isUntil, condition: condition, body: try body())
        case "if":
            next += 1
            let condition = try list(until: ["then"])
            try expect("then")
            let then = try list(until: ["else", "fi"])
            var otherwise: ShellNode?
            if keyword == "else" {
                next += 1
                otherwise = try list(until: ["fi"])
            }
            try expect("fi")
            return .branch(condition: condition, then: then, otherwise: otherwise)
        case "case", "function", "select", "do", "done", "then", "fi", "elif", "{", "[[":
            throw cannotRead("'\(keyword!)'")
        default: return .command(try command())
        }
    }

    private mutating func body() throws(ScenarioError) -> ShellNode {
        try expect("do")
        let body = try list(until: ["done"])
        try expect("done")
        return body
    }

    private mutating func forLoop() throws(ScenarioError) -> ShellNode {
        next += 1
        guard let name = keyword else { throw cannotRead("this 'for'") }
        next += 1
        try expect("in")
        var words: [ShellWord] = []
        while case .word(let word)? = token {
            words.append(word)
            next += 1
        }
        return .forLoop(name: name, words: words, body: try body())
    }

    private mutating func command() throws(ScenarioError) -> ShellCommand {
        places += 1
        var command = ShellCommand(place: places, line: line)
        while let token {
            if case .word(let word) = token {
                next += 1
                if command.words.isEmpty, let assignment = assignment(word) {
                    command.assignments.append(assignment)
                } else {
                    command.words.append(word)
                }
            } else if case .symbol(let name) = token, name.contains("<") || name.contains(">") {
                next += 1
                command.redirections.append(try redirection(name))
            } else {
                break
            }
        }
        if let name = command.words.first {
            guard let literal = name.literal, Terminal.commands.contains(literal) else {
                throw ScenarioError(file: file, line: command.line, "the command '\(name.literal ?? "$...")'")
            }
        }
        return command
    }

    private func assignment(_ word: ShellWord) -> (name: String, value: ShellWord)? {
        guard case .text(let text)? = word.pieces.first, let sign = text.firstIndex(of: "=") else { return nil }
        let name = text[..<sign]
        guard let first = name.first, first.isLetter || first == "_",
            name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
        else { return nil }
        var value = ShellWord(pieces: [.text(String(text[text.index(after: sign)...]))], isQuoted: true)
        value.pieces += word.pieces.dropFirst()
        return (String(name), value)
    }

    private mutating func redirection(_ name: String) throws(ScenarioError) -> ShellRedirection {
        let isWrite = name.contains(">")
        let descriptor = name.first!.wholeNumberValue ?? (isWrite ? 1 : 0)
        guard case .word(let word)? = token else { throw cannotRead("a redirection without a target") }
        next += 1
        guard name.hasSuffix("&") else {
            return ShellRedirection(descriptor: descriptor, isWrite: isWrite, target: .path(word))
        }
        if word.literal == "-" { return ShellRedirection(descriptor: descriptor, isWrite: isWrite, target: .close) }
        guard let literal = word.literal, let source = Int(literal) else { throw cannotRead("'\(name)' here") }
        return ShellRedirection(descriptor: descriptor, isWrite: isWrite, target: .descriptor(source))
    }
}
