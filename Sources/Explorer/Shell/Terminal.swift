import KernelCore
import Kernfs
import Machine
import SystemPackage

/// One terminal of a scenario: a shell that runs a script in a task of the simulated kernel.
///
/// Between two commands the task forgets what it observed: what it does next depends on its `state` alone
/// (`KernelTask.boundary`).
final class Terminal {
    /// What stands for the mount in `$1` while exploring.
    static let mount = "/mnt"

    let machine: Machine
    let script: Script
    /// The first terminal that runs the same script.
    let number: Int
    /// Steps that failed with this errno are failures of the scenario.
    let refused: Set<Errno>
    var state = TerminalState()
    /// The mount was detached under it: names lead nowhere any more.
    let mounted: MountState
    /// Takes what the terminal shows; nil while exploring.
    var onText: ((String) -> Void)?
    /// The script ends at the first failure that nothing asks for, as with `set -e`: a set-up is to succeed.
    var isSetup = false

    // What others want to know of it, and it never looks at.

    /// The task went round a loop without a bound since somebody looked.
    var hasLooped = false
    /// True once a command failed with an errno that the scenario refuses.
    private(set) var wasRefused: Errno?
    /// What of the script turned out not to be understood, or to fail in a set-up.
    private(set) var mistake: ScenarioError?
    /// The commands that ended since somebody looked.
    var ended: [CommandEnd] = []

    /// Why the present command fails.
    var failedWith: Errno?
    private var line = 0
    private var rounds = 0
    /// A set-up that goes round more often does not end.
    private static let mostRounds = 10_000

    var kernel: Kernel { machine.kernel }

    /// `exit`, and the end of an instance that is torn down.
    struct Exit: Error {}

    init(_ script: Script, machine: Machine, mounted: MountState, number: Int, refused: Set<Errno>) {
        self.script = script
        self.machine = machine
        self.mounted = mounted
        self.number = number
        self.refused = refused
    }

    /// Runs the script to its end.
    func run() async {
        try? await run(script.node, isTested: false)
        await restore(Array(repeating: nil, count: 10))
        kernel.current.boundary(mix(script.seed, 1), isAtRest: true)
    }

    /// - Parameter isTested: somebody asks how it ends.
    private func run(_ node: ShellNode, isTested: Bool) async throws(Exit) {
        switch node {
        case .command(let command): try await run(command, isTested: isTested)
        case .sequence(let nodes):
            for (place, node) in nodes.enumerated() {
                try await run(node, isTested: isTested && place == nodes.count - 1)
            }
        case .and(let left, let right):
            try await run(left, isTested: true)
            if state.status == 0 { try await run(right, isTested: isTested) }
        case .or(let left, let right):
            try await run(left, isTested: true)
            if state.status != 0 { try await run(right, isTested: isTested) }
        case .not(let inner):
            try await run(inner, isTested: true)
            state.status = state.status == 0 ? 1 : 0
        case .forLoop(let name, let words, let body, let line):
            self.line = line
            state.loops.append(TerminalState.Loop(words: words.flatMap(fields)))
            while let word = popWord() {
                state.variables[name] = word
                try await run(body, isTested: isTested)
                noteLoop(isTested)
            }
            state.status = state.loops.removeLast().status
        case .whileLoop(let isUntil, let condition, let body):
            state.loops.append(TerminalState.Loop(words: []))
            while true {
                // A step, so that a loop without any other cannot keep the explorer for ever.
                await kernel.step(.text, on: machine.root.node)
                try await run(condition, isTested: true)
                if (state.status == 0) == isUntil { break }
                try await run(body, isTested: isTested)
                noteLoop(isTested)
                hasLooped = true
                rounds += 1
                if isSetup, rounds > Self.mostRounds { try misread("a set-up that does not end") }
            }
            state.status = state.loops.removeLast().status
        case .branch(let condition, let then, let otherwise):
            try await run(condition, isTested: true)
            if state.status == 0 {
                try await run(then, isTested: isTested)
            } else if let otherwise {
                try await run(otherwise, isTested: isTested)
            } else {
                state.status = 0
            }
        }
    }

    private func popWord() -> String? {
        let last = state.loops.count - 1
        return state.loops[last].words.isEmpty ? nil : state.loops[last].words.removeFirst()
    }

    /// A status that nobody asks for is no part of the state.
    private func noteLoop(_ isTested: Bool) {
        if isTested || script.usesStatus { state.loops[state.loops.count - 1].status = state.status }
    }

    private func run(_ command: ShellCommand, isTested: Bool) async throws(Exit) {
        if kernel.isHalting { throw Exit() }
        state.place = command.place
        if !script.usesStatus { state.status = 0 }
        line = command.line
        kernel.current.boundary(mix(script.seed, state.fingerprint), isAtRest: !state.hasOpenFile)
        failedWith = nil
        let words = command.words.flatMap(fields)
        if command.words.isEmpty { for assignment in command.assignments { assign(assignment) } }
        let before = state.descriptors
        let isExit = words.first == "exit"
        if try await redirect(command) {
            if !words.isEmpty, !(isExit && words.count == 1) {
                state.status = try await execute(words[0], Array(words.dropFirst()))
            } else if !isExit {
                state.status = 0
            }
            if words.first == "exec" { await keepOpen(before) } else { await restore(before) }
        } else {
            state.status = 1
            await restore(before)
        }
        if kernel.isHalting { throw Exit() }
        if isExit { throw Exit() }
        if !isSetup, state.status == 0 || failedWith != nil {
            ended.append(CommandEnd(terminal: number, place: command.place, errno: failedWith?.rawValue ?? 0))
        }
        if isSetup, !isTested, state.status != 0 {
            let why = failedWith.map { ": \($0)" } ?? ""
            mistake = ScenarioError(file: script.file, line: line, says: "this command of the set-up fails\(why)")
            throw Exit()
        }
    }

    private func assign(_ assignment: (name: String, value: ShellWord)) {
        state.variables[assignment.name] = text(of: assignment.value)
    }

    /// The value of a parameter.
    private func value(_ name: String) -> String {
        switch name {
        case "?": String(state.status)
        case "1": Self.mount
        default: state.variables[name] ?? ""
        }
    }

    /// A word without splitting.
    private func text(of word: ShellWord) -> String {
        word.pieces.reduce(into: "") { text, piece in
            switch piece {
            case .text(let part): text += part
            case .parameter(let name, _): text += value(name)
            }
        }
    }

    /// The fields that a word becomes: values that are not quoted are split at blanks, and may vanish.
    func fields(_ word: ShellWord) -> [String] {
        var fields: [String] = []
        var current: String?
        for piece in word.pieces {
            switch piece {
            case .text(let part): current = (current ?? "") + part
            case .parameter(let name, isQuoted: true): current = (current ?? "") + value(name)
            case .parameter(let name, isQuoted: false):
                for character in value(name) {
                    if character.isWhitespace {
                        if let field = current { fields.append(field) }
                        current = nil
                    } else {
                        current = (current ?? "") + String(character)
                    }
                }
            }
        }
        if let field = current { fields.append(field) }
        return fields
    }

    /// Says why something failed, as bash or the program would.
    func complain(_ what: String, _ errno: Errno) throws(Exit) {
        failedWith = errno
        if refused.contains(errno) { wasRefused = errno }
        guard let messages = state.descriptors[2] else { return }
        switch messages.kind {
        case .terminal: onText?("\(what): \(errno)\n")
        case .null: break
        case .input, .file, .disk: try misread("a message that goes to a file")
        }
    }

    /// Something that bash would do in a way that the explorer does not know: nothing is proved of it.
    func misread(_ what: String) throws(Exit) -> Never {
        if mistake == nil { mistake = ScenarioError(file: script.file, line: line, what) }
        throw Exit()
    }
}

/// Whether the mount is still attached: `umount -l` takes it out of the tree of names.
final class MountState {
    var isAttached = true
}
