import KernelCore
import KernelModule
import Kernfs
import Machine
import SystemPackage

extension Terminal {
    /// Runs a command and returns its exit status.
    func execute(_ name: String, _ arguments: [String]) async throws(Exit) -> Int32 {
        switch name {
        case "echo": return try await echo(arguments[...])
        case "printf": return try await printf(arguments)
        case "cat": return try await cat(arguments)
        case "true", ":", "exec": return 0
        case "false": return 1
        case "[": return try await test(Array(arguments.dropLast()))
        case "test": return try await test(arguments)
        case "sleep":
            await Timer.sleep(kernel, milliseconds: 0)
            return 0
        case "exit": return Int32(arguments[0]) ?? 0
        case "rmmod":
            guard arguments.count == 1, !arguments[0].hasPrefix("-") else { try misread("rmmod \(arguments)") }
            return try await remove(arguments[0], said: "rmmod: ERROR: could not remove module", absent: 1)
        case "modprobe":
            let isRemoval = arguments.first == "-r"
            let rest = Array(isRemoval ? arguments.dropFirst() : arguments[...])
            guard !rest.isEmpty, !rest.contains(where: { $0.hasPrefix("-") }), !isRemoval || rest.count == 1 else {
                try misread("modprobe \(arguments)")
            }
            return isRemoval
                ? try await remove(rest[0], said: "modprobe: FATAL: could not remove module", absent: 0)
                : try await load(rest)
        case "umount": return try await detach()
        default: try misread("the command '\(name)'")
        }
    }

    /// As bash: options that may be joined, and then words.
    private func echo(_ arguments: ArraySlice<String>) async throws(Exit) -> Int32 {
        var words = arguments
        var isBare = false
        while let first = words.first, first.count > 1, first.hasPrefix("-"),
            first.dropFirst().allSatisfy({ "neE".contains($0) })
        {
            if first.contains("n") { isBare = true }
            words.removeFirst()
        }
        return try await write(words.joined(separator: " ") + (isBare ? "" : "\n"), by: "echo")
    }

    private func printf(_ arguments: [String]) async throws(Exit) -> Int32 {
        var text = ""
        var values = arguments.dropFirst()
        var format = (arguments.first ?? "")[...]
        var isUsed = false
        while let here = format.popFirst() {
            if here == "\\" {
                _ = format.popFirst()
                text += "\n"
            } else if here == "%", format.popFirst() == "s" {
                text += values.popFirst() ?? ""
                isUsed = true
            } else {
                text.append(here)
            }
        }
        if isUsed, !values.isEmpty { try misread("a printf that goes round its format") }
        return try await write(text, by: "printf")
    }

    /// Writes to the standard output: one store, if that is an attribute and takes all of it.
    private func write(_ text: String, by name: String) async throws(Exit) -> Int32 {
        if text.isEmpty { return 0 }
        do throws(Errno) {
            guard let out = state.descriptors[1], out.isWritable else { throw .badFileDescriptor }
            switch out.kind {
            case .terminal: onText?(text)
            case .null: break
            case .input, .disk: break
            case .file(let file):
                var rest = Array(text.utf8)[...]
                while !rest.isEmpty, !kernel.isHalting {
                    let taken = try await file.write(Array(rest))
                    rest = rest.dropFirst(taken)
                    out.offset += taken
                    guard taken > 0 else { break }
                }
            }
        } catch {
            try complain("bash: \(name): write error", error)
            return 1
        }
        if case .disk? = state.descriptors[1]?.kind {
            try misread("data for a disk: who has it open is explored, no data")
        }
        if case .input? = state.descriptors[1]?.kind { try misread("an output to where input comes from") }
        return 0
    }

    private func cat(_ paths: [String]) async throws(Exit) -> Int32 {
        switch state.descriptors[1]?.kind {
        case nil:
            try complain("cat: standard output", .badFileDescriptor)
            return 1
        case .terminal, .null: break
        case .input, .file, .disk: try misread("a cat that writes to a file")
        }
        if state.descriptors[1]?.isWritable != true { try misread("a cat that cannot write") }
        if paths.isEmpty { return try await read(state.descriptors[0], "-") }
        var status: Int32 = 0
        for path in paths {
            if path.hasPrefix("-") { try misread("cat \(path)") }
            if path == "/dev/null" { continue }
            guard let node = try await find(path, creates: false, said: "cat: \(path)") else {
                status = 1
                continue
            }
            if case .device = node.kind { try misread("a cat of a disk: who has it open is explored, no data") }
            var description: OpenDescription?
            do throws(Errno) {
                if node.isDirectory { throw .isDirectory }
                let file = try await KernfsOpenFile(node, read: true, write: false)
                description = OpenDescription(.file(file), reads: true, writes: false)
            } catch {
                try complain("cat: \(path)", error)
                status = 1
            }
            if let description, try await readAll(description, path) != 0 { status = 1 }
        }
        return status
    }

    private func read(_ input: OpenDescription?, _ path: String) async throws(Exit) -> Int32 {
        guard let input, input.isReadable else {
            try complain("cat: \(path)", .badFileDescriptor)
            return 1
        }
        return try await readAll(input, path)
    }

    /// Reads to the end, as `cat` does: one more read there.
    private func readAll(_ input: OpenDescription, _ path: String) async throws(Exit) -> Int32 {
        switch input.kind {
        case .null: return 0
        case .terminal, .input, .disk: try misread("what is read here")
        case .file(let file):
            do throws(Errno) {
                while !kernel.isHalting {
                    let bytes = try await file.read(at: input.offset, count: 131_072)
                    if bytes.isEmpty { break }
                    if case .terminal? = state.descriptors[1]?.kind {
                        onText?(String(decoding: bytes.bytes, as: UTF8.self))
                    }
                    input.offset += bytes.count
                }
            } catch {
                try complain("cat: \(path)", error)
                return 1
            }
            return 0
        }
    }
}
