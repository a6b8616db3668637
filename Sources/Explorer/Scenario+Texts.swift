import DriverModel
import Foundation
import KernelCore
import Machine
import SystemPackage
import Zram

extension Scenario {
    /// A line of a script.
    struct CommandLine: Hashable, Sendable {
        let script: String
        let line: Int
    }

    static let errnos: [String: Errno] = [
        "EBUSY": .resourceBusy, "ENODEV": .noSuchDevice, "ENOENT": .noSuchFileOrDirectory, "EACCES": .permissionDenied,
        "EAGAIN": .wouldBlock, "EINVAL": .invalidArgument, "EIO": .ioError, "EEXIST": .fileExists, "ENOMEM": .noMemory,
        "EROFS": .readOnlyFileSystem, "ENOSPC": .noSpace, "EISDIR": .isDirectory, "EBADF": .badFileDescriptor,
        "EINTR": .interrupted, "ERANGE": .outOfRange, "EPERM": .notPermitted,
    ]

    /// An errno's name, for a person.
    static func name(of errno: Int32) -> String {
        errnos.first { $0.value.rawValue == errno }?.key ?? "errno \(errno)"
    }

    /// A file's name is said in messages, and becomes part of scripts.
    static func check(name: String) throws(ScenarioError) {
        let isPlain = !name.isEmpty && !name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
        guard isPlain, !name.contains("*"), !name.contains("/") else {
            throw ScenarioError(
                file: String(name.unicodeScalars.map { $0.value < 0x20 ? "?" : Character($0) }),
                "a name is of characters that can be seen, without '*' and '/'")
        }
    }

    private static func lines(_ text: String, _ file: String) throws(ScenarioError) -> [(number: Int, text: String)] {
        var lines: [(number: Int, text: String)] = []
        for (number, line) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        {
            if line.contains("\r") {
                throw ScenarioError(
                    file: file, line: number + 1, "a carriage return: the file has the lines of another system")
            }
            let trimmed = String(line).trimmingCharacters(in: .whitespaces)
            if !trimmed.isEmpty, !trimmed.hasPrefix("#") { lines.append((number + 1, trimmed)) }
        }
        return lines
    }

    /// `NAME*2`, a line each.
    static func counts(
        _ text: String, of scripts: [String: String], file: String
    ) throws(ScenarioError) -> [String: Int] {
        var counts: [String: Int] = [:]
        for (number, line) in try lines(text, file) {
            let parts = line.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
            let script = parts[0].hasSuffix(".sh") ? String(parts[0].dropLast(3)) : parts[0]
            guard parts.count == 2, let count = Int(parts[1]), (1...mostTerminals).contains(count),
                counts[script] == nil,
                script != "setup", scripts[script] != nil
            else {
                throw ScenarioError(
                    file: file, line: number,
                    "'\(line)'; a line is NAME*COUNT, for a script once, with a COUNT of 1 to \(mostTerminals)")
            }
            counts[script] = count
        }
        return counts
    }

    static func machine(_ text: String, file: String) throws(ScenarioError) -> (abi: ABI, cpus: Int) {
        let usual = MachineConfiguration()
        var machine = (abi: usual.abi, cpus: usual.cpus)
        for (number, line) in try lines(text, file) {
            for word in line.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
                let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2, parts[0] == "abi", let abi = ABI(rawValue: parts[1]) {
                    machine.abi = abi
                } else if parts.count == 2, parts[0] == "cpus", let cpus = Int(parts[1]), (1...64).contains(cpus) {
                    machine.cpus = cpus
                } else {
                    throw ScenarioError(file: file, line: number, "'\(word)'; it knows abi= and cpus= of 1 to 64")
                }
            }
        }
        return machine
    }

    static func options(_ machine: (abi: ABI, cpus: Int)) -> String {
        let usual = MachineConfiguration()
        var words: [String] = []
        if machine.abi != usual.abi { words.append("abi=\(machine.abi.rawValue)") }
        if machine.cpus != usual.cpus { words.append("cpus=\(machine.cpus)") }
        return words.joined(separator: ",")
    }

    /// Errnos between blanks or commas.
    static func refused(_ text: String, file: String) throws(ScenarioError) -> Set<Errno> {
        var refused: Set<Errno> = []
        for (number, line) in try lines(text, file) { refused.formUnion(try errnos(in: line, file, number)) }
        return refused
    }

    private static func errnos(in line: String, _ file: String, _ number: Int) throws(ScenarioError) -> Set<Errno> {
        var found: Set<Errno> = []
        for word in line.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            guard let errno = errnos[String(word)] else {
                let known = errnos.keys.sorted().joined(separator: " ")
                throw ScenarioError(file: file, line: number, "'\(word)'; errnos are \(known)")
            }
            found.insert(errno)
        }
        return found
    }

    /// `POLICY: VERDICT, VERDICT` and `NAME.sh:LINE: ERRNO`.
    static func expected(
        _ text: String, of scripts: [Script], file: String
    ) throws(ScenarioError) -> ([String: [Verdict]], [CommandLine: Set<Errno>]) {
        var result: [String: [Verdict]] = [:]
        var mayFail: [CommandLine: Set<Errno>] = [:]
        for (number, line) in try lines(text, file) {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            if parts.count == 3, parts[0].hasSuffix(".sh") {
                let script = String(parts[0].dropLast(3))
                guard let place = Int(parts[1]),
                    scripts.contains(where: { $0.name == script && $0.commands.contains { $0.line == place } })
                else { throw ScenarioError(file: file, line: number, "'\(line)': there is no command there") }
                mayFail[CommandLine(script: script, line: place)] = try errnos(in: parts[2], file, number)
                continue
            }
            guard parts.count == 2, Policy.named(parts[0]) != nil, result[parts[0]] == nil else {
                throw ScenarioError(
                    file: file, line: number,
                    "'\(line)'; a line is POLICY: VERDICT, VERDICT, once for a policy, or NAME.sh:LINE: ERRNO")
            }
            var verdicts: [Verdict] = []
            for word in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                guard let verdict = Verdict(rawValue: word.trimmingCharacters(in: .whitespaces)) else {
                    throw ScenarioError(file: file, line: number, "the verdict '\(word)'")
                }
                verdicts.append(verdict)
            }
            result[parts[0]] = verdicts.sorted()
        }
        return (result, mayFail)
    }
}
