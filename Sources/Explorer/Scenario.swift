import DriverModel
import Foundation
import KernelCore
import KernelModule
import Machine
import SystemPackage

/// A folder of plain shell scripts, one per terminal, that a person can run by hand on a mount (`sh writer.sh /mnt/z`)
/// or that the explorer runs in every possible order.
///
/// `setup.sh`, if there is one, runs first and alone. Every other `NAME.sh` is a terminal; a line `NAME*2` of the file
/// `terminals` says that two of them run it. `description` is a line of text. `expected` has a line `POLICY: VERDICT`
/// for each policy, verdicts separated by commas. `refused` names errnos, such as `EBUSY`, that no command may fail
/// with. `machine` says what the scripts run on, in mount options: `abi=6.18 cpus=4`. Names with a dot in front are
/// ignored.
public struct Scenario: Sendable {
    /// The folder's name.
    public let name: String
    /// What it is about, in a line.
    public let summary: String
    /// Runs first, alone.
    let setup: Script?
    /// One for each terminal; equal ones stand together.
    let terminals: [Script]
    /// What each policy's exploration must find, by the policy's name.
    public let expected: [String: [Verdict]]
    let refused: Set<Errno>
    /// The kernel's files and errnos, and its CPUs.
    let machine: (abi: ABI, cpus: Int)
    /// Drivers that its machine has beside the usual ones; for tests.
    var drivers: [@Sendable (DriverCore) -> ModuleDefinition] = []

    /// What the machine is, as options of mount; empty if it is as usual.
    public var machineOptions: String { Self.options(machine) }
    /// The names of the terminals, in the order in which schedules number them.
    public var terminalNames: [String] { terminals.map(\.name) }
    /// The texts of the scripts, by terminal.
    public var terminalTexts: [String] { terminals.map(\.text) }
    /// The text of `setup.sh`.
    public var setupText: String { setup?.text ?? "" }

    /// Reads a folder.
    ///
    /// - Throws: what cannot be read, with file and line.
    public init(folder: String) throws {
        let url = URL(filePath: folder, directoryHint: .isDirectory).standardizedFileURL
        func text(_ name: String) -> String? { try? String(contentsOf: url.appending(path: name), encoding: .utf8) }
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: url.path) else {
            throw ScenarioError(file: folder, "there is no such folder")
        }
        var scripts: [String: String] = [:]
        for file in files.sorted() where file.hasSuffix(".sh") && !file.hasPrefix(".") {
            scripts[String(file.dropLast(3))] = text(file) ?? ""
        }
        try self.init(
            name: url.lastPathComponent, scripts: scripts, terminals: text("terminals") ?? "",
            expected: text("expected") ?? "", refused: text("refused") ?? "", machine: text("machine") ?? "",
            summary: text("description") ?? "")
    }

    /// Makes a scenario from texts, named as the files of a folder are.
    public init(
        name: String, scripts: [String: String], terminals: String = "", expected: String = "", refused: String = "",
        machine: String = "", summary: String = ""
    ) throws(ScenarioError) {
        self.name = name
        self.summary = summary.split(separator: "\n").first.map(String.init) ?? ""
        var counts: [String: Int] = [:]
        for (number, line) in terminals.split(separator: "\n").enumerated() {
            let parts = line.split(separator: "*")
            let script = String(parts[0]).replacingOccurrences(of: ".sh", with: "")
            guard parts.count == 2, let count = Int(parts[1]), count > 0, scripts[script] != nil else {
                throw ScenarioError(file: "\(name)/terminals", line: number + 1, "'\(line)'")
            }
            counts[script] = count
        }
        setup = try scripts["setup"].map { text throws(ScenarioError) in
            try Script(name: "setup", text: text, file: "\(name)/setup.sh")
        }
        var list: [Script] = []
        for script in scripts.keys.sorted() where script != "setup" {
            let read = try Script(name: script, text: scripts[script]!, file: "\(name)/\(script).sh")
            list += Array(repeating: read, count: counts[script] ?? 1)
        }
        guard !list.isEmpty, list.count <= 16 else {
            throw ScenarioError(file: name, "a scenario has 1 to 16 terminals, this one \(list.count)")
        }
        self.terminals = list
        self.expected = try Self.expected(expected, file: "\(name)/expected")
        self.machine = try Self.machine(machine, file: "\(name)/machine")
        self.refused = Set(refused.split(whereSeparator: \.isWhitespace).compactMap { Self.errnos[String($0)] })
    }

    private static func machine(_ text: String, file: String) throws(ScenarioError) -> (abi: ABI, cpus: Int) {
        let usual = MachineConfiguration()
        var machine = (abi: usual.abi, cpus: usual.cpus)
        for word in text.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2, parts[0] == "abi", let abi = ABI(rawValue: parts[1]) {
                machine.abi = abi
            } else if parts.count == 2, parts[0] == "cpus", let cpus = Int(parts[1]), (1...64).contains(cpus) {
                machine.cpus = cpus
            } else {
                throw ScenarioError(file: file, line: 1, "'\(word)'; it knows abi= and cpus= of 1 to 64")
            }
        }
        return machine
    }

    private static func options(_ machine: (abi: ABI, cpus: Int)) -> String {
        let usual = MachineConfiguration()
        var words: [String] = []
        if machine.abi != usual.abi { words.append("abi=\(machine.abi.rawValue)") }
        if machine.cpus != usual.cpus { words.append("cpus=\(machine.cpus)") }
        return words.joined(separator: ",")
    }

    private static let errnos: [String: Errno] = [
        "EBUSY": .resourceBusy, "ENODEV": .noSuchDevice, "ENOENT": .noSuchFileOrDirectory, "EACCES": .permissionDenied,
        "EAGAIN": .wouldBlock, "EINVAL": .invalidArgument,
    ]

    private static func expected(_ text: String, file: String) throws(ScenarioError) -> [String: [Verdict]] {
        var result: [String: [Verdict]] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: ":", maxSplits: 1)
            var verdicts: [Verdict] = []
            for word in (parts.count == 2 ? parts[1] : "").split(separator: ",") {
                guard let verdict = Verdict(rawValue: word.trimmingCharacters(in: .whitespaces)) else {
                    throw ScenarioError(file: file, line: number + 1, "the verdict '\(word)'")
                }
                verdicts.append(verdict)
            }
            guard !verdicts.isEmpty else { throw ScenarioError(file: file, line: number + 1, "'\(line)'") }
            result[String(parts[0])] = verdicts.sorted()
        }
        return result
    }

    /// The attribute files that any script names.
    var files: Set<String> {
        ([setup].compactMap { $0 } + terminals).reduce(into: []) { $0.formUnion($1.names) }
    }

    /// The names of the errnos that no command may fail with, in order.
    var refusedNames: [String] { Self.errnos.filter { refused.contains($0.value) }.map(\.key).sorted() }
}
