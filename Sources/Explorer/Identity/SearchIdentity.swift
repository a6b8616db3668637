import Zram

/// What a search is of, and what searched: all that must be the same where it goes on.
struct SearchIdentity: Codable, Sendable, Equatable {
    var program = ProgramIdentity.text
    var scenario: ScenarioText
    var patches: [String]
    var reductions: [String]

    init(_ scenario: Scenario, _ patches: Set<Patch>, _ reductions: Reductions) {
        self.scenario = ScenarioText(scenario)
        self.patches = patches.sorted().map(\.rawValue)
        self.reductions = reductions.names
    }

    /// What differs, in words; nil if nothing does.
    func difference(from other: Self) -> String? {
        if let difference = scenario.difference(from: other.scenario) { return difference }
        if patches != other.patches {
            return "other patches: \(patches.isEmpty ? "none" : patches.joined(separator: " "))"
        }
        if reductions != other.reductions {
            return "other reductions: \(reductions.isEmpty ? "none" : reductions.joined(separator: " "))"
        }
        return program == other.program && program != ProgramIdentity.unknown ? nil : "another build of the program"
    }

    /// Stands for all of it.
    var fingerprint: UInt64 {
        var sum = Checksum()
        sum.add(program)
        sum.add(scenario.name)
        sum.add(scenario.fingerprint)
        for name in patches + ["/"] + reductions { sum.add(name) }
        return sum.words[0]
    }
}
