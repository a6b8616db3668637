import Foundation

/// The verdicts of all pairs and triples as one text: classes of verdicts, a letter each with the reason, and a
/// triangle of letters for each table.
public struct PairTable: Sendable {
    /// What stands for a cell that was not explored.
    private static let unknown: Character = "."
    private static let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    /// Each cell's verdicts.
    public private(set) var verdicts: [Cell: String] = [:]
    /// Why a class is as it is, by its verdicts: written by hand.
    public private(set) var reasons: [String: String] = [:]

    /// An empty table.
    public init() {}

    /// Reads what `text` wrote.
    ///
    /// - Throws: a line that is none of a table's.
    public init(text: String) throws {
        var classes: [Character: String] = [:]
        var table = ""
        let cells = Dictionary(grouping: Cell.all, by: \.table).mapValues { Dictionary(grouping: $0) { $0.first.name } }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("== ") {
                table = String(line.dropFirst(3))
            } else if table.isEmpty, line.dropFirst().hasPrefix(" = ") {
                let parts = line.dropFirst(4).components(separatedBy: " | ")
                classes[line.first!] = parts[0]
                if parts.count > 1 { reasons[parts[0]] = parts[1] }
            } else {
                let words = line.split(separator: " ")
                guard words.count == 2, let row = cells[table]?[String(words[0])], row.count == words[1].count else {
                    throw JudgeError("no line of a table: '\(line)'")
                }
                for (cell, letter) in zip(row, words[1]) where letter != Self.unknown {
                    guard let found = classes[letter] else { throw JudgeError("no class '\(letter)': '\(line)'") }
                    verdicts[cell] = found
                }
            }
        }
    }

    /// Notes a cell's verdicts.
    public mutating func set(_ cell: Cell, _ text: String) { verdicts[cell] = text }

    /// Classes that nobody has explained.
    public var unexplained: [String] { Set(verdicts.values).filter { reasons[$0] == nil }.sorted() }

    /// What differs from another table, where both know the cell.
    public func differences(from other: PairTable) -> [String] {
        Cell.all.compactMap { cell in
            guard let now = verdicts[cell], let then = other.verdicts[cell], now != then else { return nil }
            return "\(cell.table): \(cell.first.name) + \(cell.second.name): \(now); in the table: \(then)"
        }
    }

    /// Takes over the reasons of another table.
    public mutating func explain(by other: PairTable) { reasons = other.reasons }

    /// The table: equal for equal verdicts.
    public var text: String {
        var counts: [String: Int] = [:]
        for found in verdicts.values { counts[found, default: 0] += 1 }
        let classes = counts.keys.sorted { (counts[$1]!, $0) < (counts[$0]!, $1) }
        let letter = Dictionary(uniqueKeysWithValues: zip(classes, Self.letters))
        var lines = [
            "# All pairs of operations, and each beside each removal: a letter stands for the verdicts by policy.",
            "# Made by `make pairs`; what stands behind | is the reason, written by hand.",
        ]
        for found in classes {
            lines.append("\(letter[found] ?? "?") = \(found)" + (reasons[found].map { " | \($0)" } ?? ""))
        }
        var table = ""
        var row = ""
        for cell in Cell.all {
            if cell.table != table {
                table = cell.table
                lines += ["", "== \(table)"]
                row = ""
            }
            if cell.first.name != row {
                row = cell.first.name
                lines.append(row.padding(toLength: max(24, row.count + 1), withPad: " ", startingAt: 0))
            }
            lines[lines.count - 1].append(verdicts[cell].flatMap { letter[$0] } ?? Self.unknown)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// What a judge cannot do, in a line.
public struct JudgeError: Error, CustomStringConvertible {
    /// The line.
    public let description: String
    /// With that line.
    public init(_ description: String) { self.description = description }
}
