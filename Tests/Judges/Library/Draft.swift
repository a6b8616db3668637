import Explorer
import Zram

/// A piece of a script that can be left out.
indirect enum Statement: Sendable {
    case command(String)
    /// `if`, `for`, `while`: the head, the body, and after `else` the other body.
    case block(head: String, [Statement], otherwise: [Statement], tail: String)

    var lines: [String] {
        switch self {
        case .command(let text): [text]
        case .block(let head, let body, let otherwise, let tail):
            [head] + body.flatMap(\.lines).map { "    " + $0 }
                + (otherwise.isEmpty ? [] : ["else"] + otherwise.flatMap(\.lines).map { "    " + $0 }) + [tail]
        }
    }

    /// What may stand in its place: less.
    var smaller: [[Statement]] {
        guard case .block(let head, let body, let otherwise, let tail) = self else { return [] }
        var list = [body, otherwise].filter { !$0.isEmpty }
        if !otherwise.isEmpty { list.append([.block(head: head, body, otherwise: [], tail: tail)]) }
        list += Self.shrunk(body).filter { !$0.isEmpty }.map {
            [.block(head: head, $0, otherwise: otherwise, tail: tail)]
        }
        list += Self.shrunk(otherwise).map { [.block(head: head, body, otherwise: $0, tail: tail)] }
        return list
    }

    /// A list with one statement less, or with a smaller one.
    static func shrunk(_ list: [Statement]) -> [[Statement]] {
        list.indices.flatMap { place -> [[Statement]] in
            var rest = list
            let statement = rest.remove(at: place)
            return [rest]
                + statement.smaller.map { less in
                    var other = rest
                    other.insert(contentsOf: less, at: place)
                    return other
                }
        }
    }
}

/// A scenario that was drawn by lot, in pieces, so that a failing one can be made smaller.
public struct Draft: Sendable {
    /// The name.
    public var name: String
    var setup: [Statement] = []
    /// The terminals' scripts, and how many run each.
    var terminals: [(script: [Statement], copies: Int)] = []
    var machine = ""
    /// What is on.
    public var patches: Set<Patch> = []

    private static let names = ["a", "b", "c", "d"]

    private func text(_ script: [Statement]) -> String { script.flatMap(\.lines).joined(separator: "\n") + "\n" }

    private var files: [String: String] {
        var files: [String: String] = [:]
        if !setup.isEmpty { files["setup"] = text(setup) }
        for (name, terminal) in zip(Self.names, terminals) { files[name] = text(terminal.script) }
        return files
    }

    private var copies: String {
        zip(Self.names, terminals).filter { $1.copies > 1 }.map { "\($0)*\($1.copies)\n" }.joined()
    }

    /// What is explored.
    ///
    /// - Throws: what the explorer's shell does not read.
    public func scenario() throws -> Scenario {
        try Scenario(name: name, scripts: files, terminals: copies, machine: machine)
    }

    /// The files of a scenario's folder, as they are to be written.
    public var folder: String {
        var text = "# patches: \(patches.sorted().map(\.rawValue).joined(separator: ","))\n"
        for (name, script) in files.sorted(by: { $0.key < $1.key }) { text += "--- \(name).sh\n" + script }
        if !copies.isEmpty { text += "--- terminals\n" + copies }
        if !machine.isEmpty { text += "--- machine\n\(machine)\n" }
        return text
    }

    /// Drafts with something left out.
    var smaller: [Draft] {
        var list: [Draft] = []
        func add(_ change: (inout Draft) -> Void) {
            var draft = self
            change(&draft)
            list.append(draft)
        }
        if terminals.count > 1 { for place in terminals.indices { add { $0.terminals.remove(at: place) } } }
        for place in terminals.indices where terminals[place].copies > 1 { add { $0.terminals[place].copies -= 1 } }
        for patch in patches.sorted() { add { $0.patches.remove(patch) } }
        if !machine.isEmpty { add { $0.machine = "" } }
        for place in terminals.indices {
            for script in Statement.shrunk(terminals[place].script) where !script.isEmpty {
                add { $0.terminals[place].script = script }
            }
        }
        for script in Statement.shrunk(setup) { add { $0.setup = script } }
        return list
    }

    /// The smallest draft that still fails and that leaving out one piece after the other leads to.
    ///
    /// - Parameters:
    ///   - attempts: how many drafts may be tried.
    ///   - fails: what is wrong with a draft; nil: nothing.
    public func shrunk(attempts: Int = 300, _ fails: (Draft) -> String?) -> (draft: Draft, why: String)? {
        guard var why = fails(self) else { return nil }
        var smallest = self
        var attempts = attempts
        search: while true {
            for draft in smallest.smaller {
                attempts -= 1
                if attempts < 0 { break }
                if let reason = fails(draft) {
                    (smallest, why) = (draft, reason)
                    continue search
                }
            }
            return (smallest, why)
        }
    }
}
