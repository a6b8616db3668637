import KernelCore

/// A recording as a scenario: what each process did, as commands, with no more terminals than ran at once.
public struct RecordedScenario: Sendable {
    /// The scripts by file name without `.sh`.
    public let scripts: [String: String]
    /// The same as a scenario.
    public let scenario: Scenario
    /// The terminal of each task that a call started.
    let terminalOfTask: [UInt32: Int]

    /// Writes the scripts.
    ///
    /// - Parameters:
    ///   - machine: what it ran on, as `Scenario` reads it.
    ///   - setup: what was done before the recording began, as a script; empty for nothing.
    ///   - summary: a line about it.
    /// - Throws: `Recording.Problem` if scripts cannot say what was done.
    public init(
        _ recording: Recording, name: String, machine: String = "", setup: String = "", summary: String = ""
    ) throws {
        let processes = Self.processes(recording)
        guard !processes.isEmpty else { throw Recording.Problem.empty }
        let lanes = Self.lanes(processes)
        var scripts: [String: String] = setup.isEmpty ? [:] : ["setup": setup]
        var terminals: [UInt32: Int] = [:]
        for (number, lane) in lanes.enumerated() {
            let name = Self.name(number, lane[0].calls[0].name, of: lanes.count)
            scripts[name] = try lane.map { process throws(Recording.Problem) in try RecordedScript(process.calls).text }
                .joined()
            for call in lane.flatMap(\.calls) { terminals[call.task] = number }
        }
        self.scripts = scripts
        terminalOfTask = terminals
        scenario = try Scenario(name: name, scripts: scripts, machine: machine, summary: summary)
    }

    /// Terminals are numbered in the order of their names.
    private static func name(_ number: Int, _ command: String, of count: Int) -> String {
        let digits = String(count - 1).count
        let padding = String(repeating: "0", count: digits - String(number).count)
        let plain = command.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return "\(padding)\(number)-\(plain.isEmpty ? "task" : plain)"
    }

    private struct Process {
        var calls: [Recording.Call]
        var first: Int
        /// `Int.max` if its last call never ended.
        var last: Int
    }

    /// What each process did with the simulated kernel: without what the laboratory's own files were asked.
    private static func processes(_ recording: Recording) -> [Process] {
        var lastStep: [UInt32: Int] = [:]
        for (place, entry) in recording.entries.enumerated() {
            if case .step(let task, _, _, _) = entry { lastStep[task] = place }
        }
        var owner: [UInt32: Int32] = [:]
        var order: [Int32] = []
        var found: [Int32: Process] = [:]
        for (place, entry) in recording.entries.enumerated() {
            guard case .call(let call) = entry else { continue }
            let isModules = ["/debug/init_module", "/debug/delete_module"].contains(call.path)
            guard lastStep[call.task] != nil || isModules else { continue }
            if case .open = call.kind { owner[call.file] = call.pid }
            // Whoever closes it, perhaps nobody that is known, it is the end of what its opener did.
            let pid = call.kind == .close ? owner[call.file] ?? call.pid : call.pid
            let end = max(place, lastStep[call.task] ?? place)
            if found[pid] == nil {
                order.append(pid)
                found[pid] = Process(calls: [], first: place, last: end)
            }
            found[pid]!.calls.append(call)
            found[pid]!.last = max(found[pid]!.last, end)
        }
        return order.compactMap { found[$0] }
    }

    /// Processes that followed one another share a terminal.
    private static func lanes(_ processes: [Process]) -> [[Process]] {
        var lanes: [[Process]] = []
        for process in processes {
            // The one that has been free for the shortest time: most likely it had to wait for that.
            let free = lanes.indices.filter { lanes[$0].last!.last < process.first }
            if let lane = free.max(by: { lanes[$0].last!.last < lanes[$1].last!.last }) {
                lanes[lane].append(process)
            } else {
                lanes.append([process])
            }
        }
        return lanes
    }
}

/// The calls of one process as commands.
struct RecordedScript {
    private(set) var text = ""
    private var descriptors: [UInt32: Int] = [:]

    init(_ calls: [Recording.Call]) throws(Recording.Problem) {
        var rest = calls[...]
        while let call = rest.popFirst() {
            switch call.kind {
            case .open(let write): try open(call, write, &rest)
            case .read:
                while let next = rest.first, next.kind == .read, next.file == call.file { rest.removeFirst() }
                text += "cat <&\(try descriptor(of: call))\n"
            case .write(let bytes): text += "\(try Self.command(bytes)) >&\(try descriptor(of: call))\n"
            case .close:
                if let number = descriptors.removeValue(forKey: call.file) { text += "exec \(number)<&-\n" }
            }
        }
    }

    /// A file that is opened and used at once, and only so, needs no descriptor.
    private mutating func open(
        _ call: Recording.Call, _ write: Bool, _ rest: inout ArraySlice<Recording.Call>
    ) throws(Recording.Problem) {
        guard call.path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw .inexpressible("a file whose name is no word")
        }
        let path = "$1" + LiveScript.word(call.path)
        let uses = rest.filter { $0.file == call.file }
        let isNext = uses.elementsEqual(rest.prefix(uses.count)) { $0.task == $1.task }
        if isNext, write, uses.count == 1, case .write(let bytes) = uses[0].kind {
            text += "\(try Self.command(bytes)) > \(path)\n"
        } else if isNext, !write, !uses.isEmpty, uses.allSatisfy({ $0.kind == .read }) {
            text += "cat \(path)\n"
        } else if uses.isEmpty, !call.path.hasPrefix("/dev/") {
            text += ": \(write ? ">" : "<") \(path)\n"
            return
        } else {
            guard let number = (3...9).first(where: { !descriptors.values.contains($0) }) else {
                throw .inexpressible("\(call.name) has more than seven files open")
            }
            descriptors[call.file] = number
            text += "exec \(number)\(write ? ">" : "<") \(path)\n"
            return
        }
        rest.removeFirst(uses.count)
    }

    private func descriptor(of call: Recording.Call) throws(Recording.Problem) -> Int {
        guard let number = descriptors[call.file] else {
            throw .inexpressible("\(call.name) uses a file that another process opened")
        }
        return number
    }

    /// `echo`, or `printf` where no newline ends it.
    static func command(_ bytes: [UInt8]) throws(Recording.Problem) -> String {
        let isLine = bytes.last == UInt8(ascii: "\n")
        let words = isLine ? bytes.dropLast() : bytes[...]
        guard words.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "'") }) else {
            throw .inexpressible("a write of bytes that are no words")
        }
        let text = String(decoding: words, as: UTF8.self)
        let isPlain = !text.isEmpty && text.allSatisfy { $0.isLetter || $0.isNumber || "_./:=,-".contains($0) }
        let word = isPlain && text != "-n" ? text : "'\(text)'"
        return isLine && text != "-n" ? "echo \(word)" : "printf %s\(isLine ? "\\n" : "") \(word)"
    }
}
