/// Refuses commands that the explorer does not understand in the way that bash does, before anything is explored.
struct ShellCheck {
    /// The commands that a script may use.
    static let commands: Set<String> = [
        "echo", "printf", "cat", "true", "false", ":", "[", "test", "exec", "sleep", "exit", "rmmod", "modprobe",
        "umount",
    ]
    /// Variables that mean something to bash, or come from its environment.
    private static let special: Set<String> = [
        "IFS", "PATH", "HOME", "PWD", "OLDPWD", "REPLY", "RANDOM", "SRANDOM", "SECONDS", "LINENO", "UID", "EUID",
        "PPID",
        "OPTIND", "OPTARG", "OPTERR", "PS1", "PS2", "PS4", "ENV", "SHELLOPTS", "GROUPS", "DIRSTACK", "FUNCNAME", "LANG",
        "EPOCHSECONDS", "EPOCHREALTIME", "HOSTNAME", "HOSTTYPE", "MACHTYPE", "OSTYPE", "SHLVL", "SHELL", "TERM", "USER",
        "TMOUT", "CDPATH", "GLOBIGNORE", "MAILPATH", "MAIL", "PIPESTATUS", "POSIXLY_CORRECT", "EXECIGNORE", "_",
    ]
    static let fileTests: Set<String> = ["-e", "-f", "-d"]
    static let textTests: Set<String> = ["-n", "-z"]
    static let comparisons: Set<String> = ["=", "!=", "-eq", "-ne", "-gt", "-ge", "-lt", "-le"]

    let file: String
    private var assigned: Set<String> = []
    private var found: ScenarioError?

    init(file: String) { self.file = file }

    static func isName(_ text: String) -> Bool {
        text.utf8.allSatisfy(ShellLexer.isNameByte) && text.utf8.first.map { !ShellLexer.isDigit($0) } == true
    }

    private func cannotRead(_ line: Int, _ what: String) -> ScenarioError {
        ScenarioError(file: file, line: line, what)
    }

    /// - Throws: the first command that is not understood, with file and line.
    mutating func check(_ node: ShellNode) throws(ScenarioError) {
        var commands: [ShellCommand] = []
        var loops: [(name: String, words: [ShellWord], line: Int)] = []
        var assigned: Set<String> = []
        node.visit { part in
            switch part {
            case .command(let command):
                commands.append(command)
                assigned.formUnion(command.assignments.map(\.name))
            case .forLoop(let name, let words, _, let line):
                loops.append((name, words, line))
                assigned.insert(name)
            default: break
            }
        }
        self.assigned = assigned
        for loop in loops {
            try check(name: loop.name, loop.line)
            for word in loop.words { try check(value: word, loop.line) }
        }
        for command in commands { try check(command) }
    }

    private func check(name: String, _ line: Int) throws(ScenarioError) {
        if Self.special.contains(name) || name.hasPrefix("BASH") || name.hasPrefix("LC_") || name.hasPrefix("COMP_") {
            throw cannotRead(line, "a value for \(name), which means something to bash")
        }
    }

    private func check(_ word: ShellWord, _ line: Int, mayHaveBackslash: Bool = false) throws(ScenarioError) {
        for name in word.parameters where name != "1" && name != "?" && !assigned.contains(name) {
            // Others are empty; those of the environment have capital letters.
            if name == name.uppercased() { throw cannotRead(line, "'$\(name)', to which the script gives no value") }
        }
        if !mayHaveBackslash, word.texts.contains(where: { $0.contains("\\") }) {
            throw cannotRead(line, "a backslash that stays in a word")
        }
    }

    /// A value that a variable may have: nothing that is a pattern where it is not quoted.
    private func check(value word: ShellWord, _ line: Int) throws(ScenarioError) {
        try check(word, line)
        if word.texts.contains(where: { $0.contains { "*?[".contains($0) } }) {
            throw cannotRead(line, "a variable with '*', '?' or '[', which is a pattern where it is not quoted")
        }
    }

    private func check(_ command: ShellCommand) throws(ScenarioError) {
        let line = command.line
        for assignment in command.assignments {
            try check(name: assignment.name, line)
            try check(value: assignment.value, line)
        }
        if !command.assignments.isEmpty, !command.words.isEmpty || !command.redirections.isEmpty {
            throw cannotRead(line, "a value for one command alone: put it on a line of its own")
        }
        for (place, word) in command.words.enumerated() {
            try check(word, line, mayHaveBackslash: command.name == "printf" && place == 1)
        }
        for redirection in command.redirections {
            guard case .path(let word) = redirection.target else { continue }
            try check(path: word, line)
            if redirection.descriptor == 2, word.literal != "/dev/null" {
                throw cannotRead(line, "what is done with messages, unless they go to /dev/null")
            }
        }
        guard let first = command.words.first else { return }
        guard let name = first.literal, Self.commands.contains(name) else {
            throw cannotRead(line, "the command '\(first.literal ?? "$...")'")
        }
        try check(name, Array(command.words.dropFirst()), command)
    }

    /// A path of the mount, or `/dev/null`.
    func check(path word: ShellWord, _ line: Int) throws(ScenarioError) {
        try check(word, line)
        let shape = word.pieces.map { if case .text(let text) = $0 { text } else { "$" } }.joined()
        if shape.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) {
            throw cannotRead(line, "'.' or '..' in a path")
        }
        switch word.pieces.first(where: { $0 != .text("") }) {
        case .parameter("1", _):
            let rest = word.pieces.drop { $0 == .text("") }.dropFirst().first { $0 != .text("") }
            if case .text(let text)? = rest, !text.hasPrefix("/") {
                throw cannotRead(line, "a path that begins '$1\(text)'")
            }
        case .parameter(let name, _) where name != "?": break
        default:
            if word.literal == "/dev/null" { return }
            throw cannotRead(line, "the path '\(shape)': it does not begin with $1, the mount point")
        }
    }

    private func check(_ name: String, _ words: [ShellWord], _ command: ShellCommand) throws(ScenarioError) {
        let line = command.line
        let literals = words.map(\.literal)
        func isOption(_ text: String?) -> Bool { text?.hasPrefix("-") == true }
        switch name {
        case "echo":
            if let first = literals.first ?? nil, first != "-n", first.count > 1, first.hasPrefix("-"),
                first.dropFirst().allSatisfy({ "neE".contains($0) })
            {
                throw cannotRead(line, "'echo \(first)': the shells differ; use printf")
            }
        case "printf": try checkFormat(words, line)
        case "cat":
            for word in words {
                if isOption(word.literal) { throw cannotRead(line, "'cat \(word.literal!)'") }
                try check(path: word, line)
            }
            for redirection in command.redirections where redirection.descriptor == 1 {
                guard case .path(let word) = redirection.target, word.literal == "/dev/null" else {
                    throw cannotRead(line, "where this cat writes")
                }
            }
        case "[", "test":
            if name == "[", literals.last != "]" { throw cannotRead(line, "'[' without ']'") }
            try checkTest(name == "[" ? Array(words.dropLast()) : words, line)
        case "exec":
            if !words.isEmpty { throw cannotRead(line, "exec with a command") }
        case "sleep":
            let isTime =
                literals.count == 1
                && literals[0].map { text in
                    text.utf8.allSatisfy { ShellLexer.isDigit($0) || $0 == UInt8(ascii: ".") } && Double(text) != nil
                } == true
            if !isTime { throw cannotRead(line, "what does not sleep for a number of seconds") }
        case "exit":
            if words.count > 1 || literals.contains(where: { $0 == nil || UInt8($0!) == nil || isOption($0) }) {
                throw cannotRead(line, "an exit with anything but a number up to 255")
            }
        case "rmmod":
            if words.count != 1 || isOption(literals[0]) {
                throw cannotRead(line, "rmmod with anything but one module")
            }
        case "modprobe":
            let isRemoval = literals.first == "-r"
            let rest = isRemoval ? literals.dropFirst() : literals[...]
            if rest.isEmpty || isRemoval && rest.count > 1 || rest.contains(where: isOption) {
                throw cannotRead(line, "modprobe with anything but a module and its parameters, or -r and a module")
            }
        case "umount":
            let isOne =
                words.count == 2 && literals[0] == "-l" && words[1].pieces.count == 1 && words[1].parameters == ["1"]
            if !isOne { throw cannotRead(line, "umount with anything but '-l $1': what keeps it busy is not followed") }
        default: break
        }
    }

    /// One use of the format: bash would go round it, and write line by line.
    private func checkFormat(_ words: [ShellWord], _ line: Int) throws(ScenarioError) {
        guard let format = words.first?.literal, !format.hasPrefix("-") else {
            throw cannotRead(line, "printf without a format that can be read")
        }
        var rest = format[...]
        while let here = rest.popFirst() {
            if here == "%" {
                guard let kind = rest.popFirst(), "s%".contains(kind) else {
                    throw cannotRead(line, "a format with anything but %s, %% and a \\n at its end")
                }
            } else if here == "\\" {
                guard rest == "n" else {
                    throw cannotRead(line, "a format with anything but %s, %% and a \\n at its end")
                }
            }
        }
    }

    private func checkTest(_ words: [ShellWord], _ line: Int) throws(ScenarioError) {
        guard (1...4).contains(words.count) else { throw cannotRead(line, "a test of \(words.count) words") }
        for (place, word) in words.enumerated() {
            guard let text = word.literal else { continue }
            let isNumber = Int(text) != nil
            if text.hasPrefix("-"), !isNumber,
                !Self.comparisons.union(Self.fileTests).union(Self.textTests).contains(text)
            {
                throw cannotRead(line, "'\(text)' in a test")
            }
            if ["(", ")", "<", ">", "==", "=~"].contains(text) {
                throw cannotRead(line, "'\(text)' in a test; = compares")
            }
            if Self.fileTests.contains(text), place + 1 < words.count, place == 0 || words[place - 1].literal == "!" {
                try check(path: words[place + 1], line)
            }
        }
    }
}
