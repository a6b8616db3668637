import KernelCore

/// One script of a scenario, read.
struct Script: Sendable {
    /// The file's name without `.sh`.
    let name: String
    /// The file, as errors name it.
    let file: String
    /// The text as it stands in the file.
    let text: String
    let node: ShellNode
    /// Equal for equal texts: terminals that run the same script are interchangeable, for `$0` is refused.
    let seed: UInt64
    /// The script asks for `$?`, or ends with it.
    let usesStatus: Bool
    /// It goes round a loop without a bound.
    let isUnbounded: Bool
    /// It never means to end: `while true`.
    let isEndless: Bool
    /// The commands, by place from 1.
    let commands: [ShellCommand]
    let values: ShellValues
    /// More bytes are refused.
    static let longest = 1 << 16

    init(name: String, text: String, file: String) throws(ScenarioError) {
        guard text.utf8.count <= Self.longest else {
            throw ScenarioError(file: file, "it has more than \(Self.longest) bytes")
        }
        self.name = name
        self.file = file
        self.text = text
        node = try ShellParser.parse(text, file: file)
        seed = text.fingerprint
        values = ShellValues(node)
        var commands: [ShellCommand] = []
        var loops = (unbounded: false, endless: false)
        node.visit { node in
            if case .command(let command) = node { commands.append(command) }
            if case .whileLoop(let isUntil, let condition, _) = node {
                loops.unbounded = true
                if case .command(let command) = condition, !isUntil, [":", "true"].contains(command.name) {
                    loops.endless = true
                }
            }
        }
        guard !commands.isEmpty else { throw ScenarioError(file: file, "there is no command in it") }
        self.commands = commands.sorted { $0.place < $1.place }
        usesStatus = commands.contains { command in
            command.name == "exit" && command.words.count == 1
                || command.allWords.contains { $0.parameters.contains("?") }
        }
        isUnbounded = loops.unbounded
        isEndless = loops.endless
    }

    /// The words that name files, with the line of each.
    var paths: [(word: ShellWord, line: Int)] {
        commands.flatMap { command in
            let words = command.words
            let named: [ShellWord] =
                switch command.name {
                case "cat": Array(words.dropFirst())
                case "[", "test":
                    // What may stand behind -e, -f or -d.
                    words.indices.dropFirst().filter { place in
                        words[place - 1].literal.map { ShellCheck.fileTests.contains($0) } ?? true
                    }.map { words[$0] }
                default: []
                }
            let targets = command.redirections.compactMap { if case .path(let word) = $0.target { word } else { nil } }
            return (named + targets).map { ($0, command.line) }
        }
    }

    /// The parts of all paths that the script may come to open, and the other words that it has; nil if the paths cannot
    /// be told.
    var names: Set<String>? {
        var names: Set<String> = []
        func add(_ word: ShellWord) -> Bool {
            guard let texts = values.texts(of: word) else { return false }
            for text in texts { names.formUnion(text.split { $0 == "/" || $0.isWhitespace }.map(String.init)) }
            return true
        }
        guard paths.allSatisfy({ add($0.word) }) else { return nil }
        for word in commands.flatMap(\.allWords) { _ = add(word) }
        return names
    }
}
