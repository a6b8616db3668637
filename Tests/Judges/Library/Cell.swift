import Explorer
import Zram

/// Two operations side by side, with a removal beside them or without one: a place in a table of pairs and triples.
public struct Cell: Sendable, Hashable {
    /// What they find.
    public let situation: Situation
    /// nil: a pair.
    public let removal: Operation?
    /// One of the operations.
    public let first: Operation
    /// The other; it may be the same, in two terminals.
    public let second: Operation

    /// All cells, table by table. Removals are operations of pairs, too.
    public static let all: [Cell] = Situation.allCases.flatMap { situation in
        ([nil] + Alphabet.removals.map { $0 }).flatMap { removal in
            let operations = Alphabet.operations(situation) + (removal == nil ? Alphabet.removals : [])
            return operations.indices.flatMap { row in
                (0...row).map { column in
                    Cell(situation: situation, removal: removal, first: operations[row], second: operations[column])
                }
            }
        }
    }

    /// The heading of its table.
    public var table: String { situation.rawValue + (removal.map { ", beside \($0.name)" } ?? "") }

    /// What is explored.
    ///
    /// - Throws: never, unless the alphabet is not shell.
    public func scenario() throws -> Scenario {
        var scripts = ["first": first.script]
        if second != first { scripts["second"] = second.script }
        if let removal { scripts["remover"] = removal.script }
        if let setup = situation.setup { scripts["setup"] = setup }
        return try Scenario(
            name: "\(situation.rawValue): \(first.name) + \(second.name)" + (removal.map { " + \($0.name)" } ?? ""),
            scripts: scripts, terminals: second == first ? "first*2" : "", machine: situation.machine)
    }

    /// The verdicts by policy, in the order of `Policy.all`, each a list; policies that agree are named together.
    ///
    /// - Parameter seconds: how long one exploration may take; `nothing found` stands for one that took longer.
    public func verdicts(seconds: Double = 60) throws -> String {
        let scenario = try scenario()
        var options = ExploreOptions()
        options.isMinimising = false
        options.seconds = seconds
        options.memory = 512 << 20
        var groups: [(verdicts: String, policies: [String])] = []
        for policy in Policy.all {
            let found = explore(scenario, patches: policy.patches, options: options).verdicts
            let text = found.map(\.rawValue).joined(separator: ", ")
            if let place = groups.firstIndex(where: { $0.verdicts == text }) {
                groups[place].policies.append(policy.name)
            } else {
                groups.append((text, [policy.name]))
            }
        }
        if groups.count == 1 { return "all: \(groups[0].verdicts)" }
        return groups.map { "\($0.policies.joined(separator: " ")): \($0.verdicts)" }.joined(separator: "; ")
    }
}
