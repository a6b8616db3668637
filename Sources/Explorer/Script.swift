import KernelCore

/// One script of a scenario, read.
struct Script: Sendable {
    /// The file's name without `.sh`.
    let name: String
    /// The text as it stands in the file.
    let text: String
    let node: ShellNode
    /// Equal for equal texts: terminals that run the same script are interchangeable.
    let seed: UInt64
    /// The script asks for `$?`.
    let usesStatus: Bool
    /// The variables that it sets, but for those of loops over a list, which the loop's count stands for.
    let assigned: [String]
    /// It goes round a loop without a bound.
    let isUnbounded: Bool
    /// It never means to end: `while true`.
    let isEndless: Bool

    init(name: String, text: String, file: String) throws(ScenarioError) {
        self.name = name
        self.text = text
        node = try ShellParser.parse(text, file: file)
        seed = text.fingerprint
        usesStatus = text.contains("$?") || text.contains("${?}")
        var assigned: Set<String> = []
        var loops = (unbounded: false, endless: false)
        Self.visit(node) { node in
            if case .command(let command) = node { assigned.formUnion(command.assignments.map(\.name)) }
            if case .whileLoop(let isUntil, let condition, _) = node {
                loops.unbounded = true
                if case .command(let command) = condition, !isUntil,
                    [":", "true"].contains(command.words.first?.literal ?? "")
                {
                    loops.endless = true
                }
            }
        }
        self.assigned = assigned.sorted()
        isUnbounded = loops.unbounded
        isEndless = loops.endless
    }

    /// The last parts of all paths that the script may name: of each word that is no plain text of its own.
    var names: Set<String> {
        var names: Set<String> = []
        for piece in text.split(whereSeparator: { " \t\n;<>&|\"'".contains($0) }) {
            names.formUnion(piece.split(separator: "/").map(String.init))
        }
        return names
    }

    static func visit(_ node: ShellNode, _ body: (ShellNode) -> Void) {
        body(node)
        switch node {
        case .command: break
        case .sequence(let nodes): nodes.forEach { visit($0, body) }
        case .and(let left, let right), .or(let left, let right):
            visit(left, body)
            visit(right, body)
        case .not(let inner): visit(inner, body)
        case .forLoop(_, _, let inner): visit(inner, body)
        case .whileLoop(_, let condition, let inner):
            visit(condition, body)
            visit(inner, body)
        case .branch(let condition, let then, let otherwise):
            visit(condition, body)
            visit(then, body)
            if let otherwise { visit(otherwise, body) }
        }
    }
}
