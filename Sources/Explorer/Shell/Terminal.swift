import KernelCore
import Kernfs
import Machine
import SystemPackage

/// One terminal of a scenario: a shell that runs a script in a task of the simulated kernel.
///
/// Between two commands the task forgets what it observed: what it does next depends on its place in the script, its
/// loops, open descriptors and variables alone (`KernelTask.boundary`).
final class Terminal {
    /// The commands that a script may use.
    static let commands: Set<String> = [
        "echo", "printf", "cat", "true", "false", ":", "[", "test", "exec", "sleep", "exit", "rmmod", "modprobe",
        "umount",
    ]
    /// What stands for the mount in `$1` while exploring.
    static let mount = "/mnt"

    /// Where a descriptor leads.
    enum Stream {
        case terminal
        case null
        case file(KernfsOpenFile, offset: Int)
        /// An open disk. Its data is not explored: who has it open is.
        case device(any DeviceHandle, id: UInt64)
        /// A file of the laboratory that loads or removes modules.
        case control(String)
    }

    let machine: Machine
    let script: Script
    /// Steps that failed with this errno are failures of the scenario.
    let refused: Set<Errno>
    var variables: [String: String]
    var streams: [Int: Stream] = [0: .null, 1: .terminal, 2: .terminal]
    var status: Int32 = 0
    /// Iterations of the `for` loops that the task is in.
    private var loops: [Int] = []
    /// The task went round a loop without a bound since somebody looked.
    var hasLooped = false
    /// True once a command failed with an errno that the scenario refuses.
    private(set) var wasRefused: Errno?
    /// The mount was detached under it: names lead nowhere any more.
    let mounted: MountState
    /// Takes what the terminal shows; nil while exploring.
    var onText: ((String) -> Void)?
    var kernel: Kernel { machine.kernel }

    /// `exit`, and the end of an instance that is torn down.
    struct Exit: Error {}

    init(
        _ script: Script, machine: Machine, mounted: MountState, number: Int, refused: Set<Errno>
    ) {
        self.script = script
        self.machine = machine
        self.mounted = mounted
        self.refused = refused
        variables = ["0": script.name, "1": Self.mount]
    }

    /// Runs the script to its end.
    func run() async {
        try? await run(script.node)
        for descriptor in 0..<10 { await close(descriptor) }
        streams = [:]
        kernel.current.boundary(mix(script.seed, 1), isAtRest: true)
    }

    func run(_ node: ShellNode) async throws(Exit) {
        switch node {
        case .command(let command): try await run(command)
        case .sequence(let nodes): for node in nodes { try await run(node) }
        case .and(let left, let right):
            try await run(left)
            if status == 0 { try await run(right) }
        case .or(let left, let right):
            try await run(left)
            if status != 0 { try await run(right) }
        case .not(let inner):
            try await run(inner)
            status = status == 0 ? 1 : 0
        case .forLoop(let name, let words, let body):
            loops.append(0)
            for word in words {
                variables[name] = expand(word)
                try await run(body)
                loops[loops.count - 1] += 1
            }
            loops.removeLast()
        case .whileLoop(let isUntil, let condition, let body):
            while true {
                // A step, so that a loop without any other cannot keep the explorer for ever.
                await kernel.step(.text, on: machine.root.node)
                try await run(condition)
                if (status == 0) == isUntil { break }
                try await run(body)
                hasLooped = true
            }
            status = 0
        case .branch(let condition, let then, let otherwise):
            try await run(condition)
            if status == 0 { try await run(then) } else if let otherwise { try await run(otherwise) }
        }
    }

    private func run(_ command: ShellCommand) async throws(Exit) {
        if kernel.isHalting { throw Exit() }
        kernel.current.boundary(place(command), isAtRest: !hasOpenFile)
        for assignment in command.assignments { variables[assignment.name] = expand(assignment.value) }
        let words = command.words.map(expand)
        let before = streams
        guard await redirect(command) else {
            status = 1
            await restore(before)
            return
        }
        if words.first == "exec" {
            status = 0
            return
        }
        if let name = words.first {
            status = try await execute(name, Array(words.dropFirst()))
            if name == "exit" { throw Exit() }
        } else {
            status = 0
        }
        await restore(before)
    }

    private var hasOpenFile: Bool {
        streams.values.contains {
            switch $0 {
            case .file, .device: true
            case .terminal, .null, .control: false
            }
        }
    }

    /// All that the rest of the script depends on.
    private func place(_ command: ShellCommand) -> UInt64 {
        var hash = mix(
            script.seed, UInt64(command.place) << 8 | UInt64(script.usesStatus ? UInt8(truncatingIfNeeded: status) : 0))
        for loop in loops { hash = mix(hash, UInt64(loop)) }
        for descriptor in 3..<10 {
            guard let stream = streams[descriptor] else { continue }
            if case .file(let file, let offset) = stream {
                hash = mix(hash, mix(UInt64(descriptor), mix(UInt64(file.node.id), UInt64(offset))))
            }
            if case .device(_, let id) = stream { hash = mix(hash, mix(UInt64(descriptor), id)) }
        }
        for name in script.assigned { hash = mix(hash, (variables[name] ?? "").fingerprint) }
        return hash
    }

    func expand(_ word: ShellWord) -> String {
        var text = ""
        for piece in word.pieces {
            switch piece {
            case .text(let part): text += part
            case .parameter("?"): text += String(status)
            case .parameter(let name): text += variables[name] ?? ""
            }
        }
        return text
    }

    /// Says why something failed, as bash or the program would.
    func complain(_ what: String, _ errno: Errno) {
        if refused.contains(errno) { wasRefused = errno }
        onText?("\(what): \(errno)")
    }
}

/// Whether the mount is still attached: `umount -l` takes it out of the tree of names.
final class MountState {
    var isAttached = true
}
