/// A piece of a word: text as it stands, or a parameter.
enum ShellPiece: Equatable, Sendable {
    case text(String)
    /// `$1`, `$NAME`, `$?`.
    case parameter(String)
}

/// A word of a command, before its parameters are replaced.
struct ShellWord: Equatable, Sendable {
    var pieces: [ShellPiece] = []
    /// Quoted in any part, so that it is never a keyword or an operator.
    var isQuoted = false

    /// The text of a word without parameters.
    var literal: String? {
        var text = ""
        for piece in pieces {
            guard case .text(let part) = piece else { return nil }
            text += part
        }
        return text
    }
}

/// `2> PATH`, `< PATH`, `>&3`.
struct ShellRedirection: Equatable, Sendable {
    enum Target: Equatable, Sendable {
        case path(ShellWord)
        case descriptor(Int)
        case close
    }
    let descriptor: Int
    let isWrite: Bool
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
    case forLoop(name: String, words: [ShellWord], body: ShellNode)
    /// `while CONDITION; do BODY; done`; `until` runs while the condition fails.
    case whileLoop(until: Bool, condition: ShellNode, body: ShellNode)
    case branch(condition: ShellNode, then: ShellNode, otherwise: ShellNode?)
}
