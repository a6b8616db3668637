/// All of a scenario that decides what its exploration finds, in full, as files keep it.
public struct ScenarioText: Codable, Sendable, Equatable {
    /// A terminal's script.
    public struct Terminal: Codable, Sendable, Equatable {
        /// The script's name.
        public let name: String
        /// Its text.
        public let script: String
    }

    /// The scenario's name.
    public let name: String
    /// The text of `setup.sh`; nil if there is none.
    public let setup: String?
    /// The terminals, as schedules number them.
    public let terminals: [Terminal]
    /// The machine, as options of mount; empty if it is as usual.
    public let machine: String
    /// The errnos that no command may fail with, in order.
    public let refused: [String]

    /// Of a scenario.
    public init(_ scenario: Scenario) {
        name = scenario.name
        setup = scenario.setup?.text
        terminals = scenario.terminals.map { Terminal(name: $0.name, script: $0.text) }
        machine = scenario.machineOptions
        refused = scenario.refusedNames
    }

    /// The scenario.
    ///
    /// - Throws: what cannot be read; also for terminals that no folder of scripts can have, or not in that order.
    public func scenario() throws(ScenarioError) -> Scenario {
        var scripts: [String: String] = [:]
        var counts: [String: Int] = [:]
        scripts["setup"] = setup
        for terminal in terminals {
            let isFileName = !terminal.name.isEmpty && !terminal.name.contains { "/*\n\r\0".contains($0) }
            guard isFileName, terminal.name != "setup",
                scripts[terminal.name] == nil || scripts[terminal.name] == terminal.script
            else { throw ScenarioError(file: name, "it has a terminal '\(terminal.name)' that no folder can have") }
            scripts[terminal.name] = terminal.script
            counts[terminal.name, default: 0] += 1
        }
        let several = counts.filter { $0.value > 1 }.sorted { $0.key < $1.key }
        let scenario = try Scenario(
            name: name, scripts: scripts, terminals: several.map { "\($0.key)*\($0.value)" }.joined(separator: "\n"),
            refused: refused.joined(separator: " "), machine: machine)
        guard ScenarioText(scenario) == self else {
            throw ScenarioError(file: name, "its terminals, machine or refused errnos are not as a folder gives them")
        }
        return scenario
    }

    /// Stands for all but the name.
    var fingerprint: UInt64 {
        var sum = Checksum()
        sum.add(setup.map { "setup:" + $0 } ?? "")
        for terminal in terminals {
            sum.add(terminal.name)
            sum.add(terminal.script)
        }
        sum.add(machine)
        for name in refused { sum.add(name) }
        return sum.words[0]
    }

    /// What differs, in words; nil if nothing does.
    func difference(from other: Self) -> String? {
        if terminals.map(\.name) != other.terminals.map(\.name) { return "other terminals" }
        for (one, two) in zip(terminals, other.terminals) where one.script != two.script {
            return "another \(one.name).sh"
        }
        if setup != other.setup { return "another setup.sh" }
        if machine != other.machine { return "another machine" }
        if refused != other.refused { return "other refused errnos" }
        return name == other.name ? nil : "another scenario, \(name)"
    }
}
