import DriverModel
import KernelCore
import KernelModule
import Machine
import SystemPackage

/// A folder of plain shell scripts, one per terminal, that a person can run by hand on a mount (`sh writer.sh /mnt/z`)
/// or that the explorer runs in every possible order.
///
/// `setup.sh`, if there is one, runs first and alone. Every other `NAME.sh` is a terminal; a line `NAME*2` of the file
/// `terminals` says that two of them run it. `description` is a line of text. `expected` has a line `POLICY: VERDICT`
/// for each policy, verdicts separated by commas, and a line `NAME.sh:LINE: ERRNO` for each command that is to fail in
/// every schedule. `refused` names errnos, such as `EBUSY`, that no command may fail
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
    /// The commands of which `expected` says that they may fail always, and with what.
    let mayFail: [CommandLine: Set<Errno>]
    let refused: Set<Errno>
    /// The kernel's files and errnos, and its CPUs.
    let machine: (abi: ABI, cpus: Int)
    /// Drivers that its machine has beside the usual ones; for tests.
    let drivers: [@Sendable (DriverCore) -> ModuleDefinition]

    /// What the machine is, as options of mount; empty if it is as usual.
    public var machineOptions: String { Self.options(machine) }
    /// The names of the terminals, in the order in which schedules number them.
    public var terminalNames: [String] { terminals.map(\.name) }
    /// The texts of the scripts, by terminal.
    public var terminalTexts: [String] { terminals.map(\.text) }
    /// The text of `setup.sh`.
    public var setupText: String { setup?.text ?? "" }

    /// Makes a scenario from texts, named as the files of a folder are.
    public init(
        name: String, scripts: [String: String], terminals: String = "", expected: String = "", refused: String = "",
        machine: String = "", summary: String = ""
    ) throws(ScenarioError) {
        try self.init(
            name: name, scripts: scripts, terminals: terminals, expected: expected, refused: refused, machine: machine,
            summary: summary, drivers: [])
    }

    /// - Parameter drivers: what their files are called is not checked.
    init(
        name: String, scripts: [String: String], terminals: String = "", expected: String = "", refused: String = "",
        machine: String = "", summary: String = "", drivers: [@Sendable (DriverCore) -> ModuleDefinition]
    ) throws(ScenarioError) {
        self.name = name
        self.drivers = drivers
        self.summary = summary.split(separator: "\n").first.map(String.init) ?? ""
        for file in [name] + scripts.keys { try Self.check(name: file) }
        let counts = try Self.counts(terminals, of: scripts, file: "\(name)/terminals")
        self.machine = try Self.machine(machine, file: "\(name)/machine")
        setup = try scripts["setup"].map { text throws(ScenarioError) in
            try Script(name: "setup", text: text, file: "\(name)/setup.sh")
        }
        var list: [Script] = []
        for script in scripts.keys.sorted() where script != "setup" {
            let read = try Script(name: script, text: scripts[script]!, file: "\(name)/\(script).sh")
            list += Array(repeating: read, count: counts[script] ?? 1)
        }
        guard !list.isEmpty, list.count <= Self.mostTerminals else {
            throw ScenarioError(
                file: name, "a scenario has 1 to \(Self.mostTerminals) terminals, this one \(list.count)")
        }
        self.terminals = list
        (self.expected, mayFail) = try Self.expected(expected, of: list, file: "\(name)/expected")
        self.refused = try Self.refused(refused, file: "\(name)/refused")
        guard drivers.isEmpty else { return }
        try MachineNames.of(self.machine).check([setup].compactMap(\.self) + list)
    }

    /// Terminals at most.
    static let mostTerminals = 16

    /// The attribute files that any script may open, and other words; nil if that cannot be told: then none is left out.
    var files: Set<String>? {
        var files: Set<String> = []
        for script in [setup].compactMap(\.self) + terminals {
            guard let names = script.names else { return nil }
            files.formUnion(names)
        }
        return files
    }

    /// All words of the scripts, as far as they can be told.
    var words: Set<String> {
        ([setup].compactMap(\.self) + terminals).reduce(into: []) { words, script in
            for word in script.commands.flatMap(\.allWords) {
                for text in script.values.texts(of: word) ?? [] {
                    words.formUnion(text.split(whereSeparator: \.isWhitespace).map(String.init))
                }
            }
        }
    }

    /// The names of the errnos that no command may fail with, in order.
    var refusedNames: [String] { Self.errnos.filter { refused.contains($0.value) }.map(\.key).sorted() }
}
