/// A piece of a word: text as it stands, or a parameter.
enum ShellPiece: Equatable, Sendable {
    case text(String)
    /// `$1`, `$NAME`, `$?`; its value is split into fields unless it stands in quotes.
    case parameter(String, isQuoted: Bool)
}

/// A word of a command, before its parameters are replaced.
struct ShellWord: Equatable, Sendable {
    var pieces: [ShellPiece] = []
    /// Quoted in any part, so that it is never a keyword or an operator.
    var isQuoted = false
    /// Nothing of its first piece is quoted: it can be an assignment.
    var beginsPlain = true

    /// The text of a word without parameters.
    var literal: String? {
        var text = ""
        for piece in pieces {
            guard case .text(let part) = piece else { return nil }
            text += part
        }
        return text
    }

    /// What stands in it as text.
    var texts: [String] { pieces.compactMap { if case .text(let text) = $0 { text } else { nil } } }

    /// The parameters in it.
    var parameters: [String] { pieces.compactMap { if case .parameter(let name, _) = $0 { name } else { nil } } }
}

/// `2> PATH`, `< PATH`, `>&3`.
struct ShellRedirection: Equatable, Sendable {
    enum Target: Equatable, Sendable {
        case path(ShellWord)
        case descriptor(Int)
        case close
    }
    let descriptor: Int
    /// How a path is opened.
    let reads: Bool
    let writes: Bool
    let target: Target
}

/// One simple command.
struct ShellCommand: Equatable, Sendable {
    /// Number within the script: a task's place, for its fingerprint.
    let place: Int
    let line: Int
    var assignments: [(name: String, value: ShellWord)] = []
    var words: [ShellWord] = []
    var redirections: [ShellRedirection] = []

    /// The command's name; nil for assignments or redirections alone.
    var name: String? { words.first?.literal }

    /// All words, wherever they stand.
    var allWords: [ShellWord] {
        assignments.map(\.value) + words
            + redirections.compactMap { if case .path(let word) = $0.target { word } else { nil } }
    }

    static func == (left: ShellCommand, right: ShellCommand) -> Bool { left.place == right.place }
}

/// A part of a script.
indirect enum ShellNode: Equatable, Sendable {
    case command(ShellCommand)
    case sequence([ShellNode])
    case and(ShellNode, ShellNode)
    case or(ShellNode, ShellNode)
    case not(ShellNode)
    /// `for NAME in WORDS; do BODY; done`
    case forLoop(name: String, words: [ShellWord], body: ShellNode, line: Int)
    /// `while CONDITION; do BODY; done`; `until` runs while the condition fails.
    case whileLoop(until: Bool, condition: ShellNode, body: ShellNode)
    case branch(condition: ShellNode, then: ShellNode, otherwise: ShellNode?)

    /// Calls `body` with each part, outermost first.
    func visit(_ body: (ShellNode) -> Void) {
        body(self)
        switch self {
        case .command: break
        case .sequence(let nodes): nodes.forEach { $0.visit(body) }
        case .and(let left, let right), .or(let left, let right):
            left.visit(body)
            right.visit(body)
        case .not(let inner), .forLoop(_, _, let inner, _): inner.visit(body)
        case .whileLoop(_, let condition, let inner):
            condition.visit(body)
            inner.visit(body)
        case .branch(let condition, let then, let otherwise):
            condition.visit(body)
            then.visit(body)
            otherwise?.visit(body)
        }
    }
}
