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

    /// Pairs of what locks and references are about: what a fault in them shows in first.
    public static let core: [Cell] = {
        let names: Set = [
            "disksize", "reset", "old_fd", "open", "hot_add", "init_module", "block_state.r", "recomp_algorithm",
            "rmmod",
            "hot_remove", "self", "umount-l",
        ]
        return all.filter { $0.removal == nil && names.contains($0.first.name) && names.contains($0.second.name) }
    }()

    /// The heading of its table.
    public var table: String { situation.rawValue + (removal.map { ", beside \($0.name)" } ?? "") }

    /// In words.
    public var title: String {
        "\(situation.rawValue): \(first.name) + \(second.name)" + (removal.map { " + \($0.name)" } ?? "")
    }

    /// What is explored.
    ///
    /// - Throws: never, unless the alphabet is not shell.
    public func scenario() throws -> Scenario {
        var scripts = ["first": first.script]
        if second != first { scripts["second"] = second.script }
        if let removal { scripts["remover"] = removal.script }
        if let setup = situation.setup { scripts["setup"] = setup }
        return try Scenario(
            name: title,
            scripts: scripts, terminals: second == first ? "first*2" : "", machine: situation.machine)
    }

    /// What a policy's verdicts may be, by the kernel's source and not by what was found:
    ///
    /// - 5.16 has no lock over a drain, and resets once more when no store can run: nothing fails.
    /// - 5.15 has no lock over a drain either: whatever else fails, nothing deadlocks.
    /// - `zram-up` keeps stores and removals apart by one mutex: what fails is a deadlock.
    ///
    /// But a removal by force (`umount -l`) of a disk that is open fails under all of them, and its failure is ignored.
    public func allows(_ verdict: Verdict, under policy: String) -> Bool {
        let names = [first.name, second.name, removal?.name ?? ""]
        // A command that never does anything proves nothing, but nothing fails.
        if verdict.rawValue == "empty" { return true }
        if names.contains("open"), names.contains("umount-l") { return true }
        switch policy {
        case "5.16": return verdict == .proved
        case "5.15": return verdict != .deadlock
        case "v8-11", "v8": return verdict == .proved || verdict == .deadlock
        default: return true
        }
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
