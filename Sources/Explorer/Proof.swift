import Foundation
import KernelCore
import Zram

/// A proof that no interleaving of a scenario fails, to be kept in a file and checked again.
public struct Proof: Codable, Sendable {
    /// Says what the file is.
    public private(set) var format = "zramfs proof 1"
    /// The scenario's name.
    public let scenario: String
    /// Its scripts, by terminal, as name and text; `setup` first.
    public let scripts: [[String]]
    /// The machine, as options of mount; nil if it is as usual.
    public let machine: String?
    /// The patches.
    public let patches: [String]
    /// Stands for scenario, patches and program.
    public let digest: String
    /// The search in numbers.
    public let counts: SearchCounts
    /// What made it shorter.
    public let reductions: [String]
    /// How many final states there are, and a hash of them.
    public let finals: [String]
    /// What the proof rests on.
    public private(set) var note =
        "covers every schedule of the steps of the simulated kernel; equal states are recognised by 64-bit "
        + "fingerprints, so that a state is missed with a chance of about states^2 / 2^65"

    /// The proof of an outcome; nil if it proves nothing.
    public init?(_ outcome: Outcome, of scenario: Scenario) {
        guard outcome.isProved else { return nil }
        self.scenario = scenario.name
        scripts =
            [["setup", scenario.setupText]] + zip(scenario.terminalNames, scenario.terminalTexts).map { [$0, $1] }
        machine = scenario.machineOptions.isEmpty ? nil : scenario.machineOptions
        patches = outcome.patches
        digest = outcome.digest
        counts = outcome.counts
        reductions = outcome.reductions.names
        if outcome.reductions.contains(.recalledSteps) {
            note +=
                "; steps that were seen before were recalled, and at least one of 4096 such compared with what the code does"
        }
        finals = [String(outcome.counts.finalStates), outcome.finals]
    }

    /// Writes it to a file.
    public func write(to file: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: URL(filePath: file))
    }

    /// Reads a file.
    public init(file: String) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(filePath: file)))
    }

    /// Checks it again by walking the whole graph, step by step, with no reduction but that equal states are one, and
    /// none of the search's own code.
    ///
    /// - Returns: what is wrong; nil if it holds.
    public func verify(limit: Int = 5_000_000) throws -> String? {
        var texts: [String: String] = [:]
        var terminals: [String: Int] = [:]
        for script in scripts {
            if script[0] == "setup", script[1].isEmpty { continue }
            texts[script[0]] = script[1]
            if script[0] != "setup" { terminals[script[0], default: 0] += 1 }
        }
        let scenario = try Scenario(
            name: scenario, scripts: texts,
            terminals: terminals.sorted { $0.key < $1.key }.map { "\($0.key)*\($0.value)" }.joined(separator: "\n"),
            machine: machine ?? "")
        let named = Set(patches.compactMap(Patch.init(rawValue:)))
        guard named.count == patches.count else { return "it names a patch that this program does not have" }
        let setting = Setting(scenario, named, isWhole: !reductions.contains("named-files"))
        let here = Setting(
            scenario, named, isSymmetric: reductions.contains("symmetry"), isWhole: setting.isWhole
        ).programDigest
        guard here == digest else {
            return "it was made by another program or for another scenario: \(digest), here \(here)"
        }
        let graph = StateGraph(setting, limit: limit)
        guard graph.isComplete else { return "the graph has more than \(limit) states" }
        if let failure = graph.nodes.lazy.compactMap(\.failure).first { return "there is a failure: \(failure.what)" }
        if setting.isUnbounded {
            let scripts = setting.scenario.terminals
            let endless = scripts.indices.reduce(UInt32(0)) { scripts[$1].isEndless ? $0 | 1 << UInt32($1) : $0 }
            if Starvation(graph: graph, endless: endless).find() != nil { return "a task can be starved" }
        }
        let found = [String(graph.finals.count), String(graph.finals.sorted().reduce(1, mix), radix: 16)]
        guard found == finals else { return "the final states are others: \(found), the proof says \(finals)" }
        return nil
    }
}
