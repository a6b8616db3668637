import Foundation

/// The mutations, and what sees each: a row `NAME | PLACE | SEEN BY`, or `not seen: REASON`.
public struct MutationTable: Sendable {
    /// One mutation.
    public struct Row: Sendable, Equatable {
        /// As in the source, or `KIND OPERATION OBJECT FILE #NUMBER` for a step.
        public let name: String
        /// The files where it stands; for a step, what happens to it.
        public var place: String
        /// The first cell or test that sees it, or `not seen: ` and why.
        public var judge: String

        /// True if somebody has written why nothing can see it.
        public var isExplained: Bool { judge.hasPrefix("not seen: ") && judge.count > 11 }
    }

    /// The rows, by name.
    public private(set) var rows: [Row] = []

    /// Reads a table; lines that begin with `#` are comments.
    ///
    /// - Throws: `JudgeError` for a line without three parts.
    public init(text: String) throws {
        for line in text.split(separator: "\n") where !line.hasPrefix("# ") {
            let parts = line.components(separatedBy: " | ")
            guard parts.count == 3 else { throw JudgeError("no row of a table: '\(line)'") }
            rows.append(Row(name: parts[0], place: parts[1], judge: parts[2]))
        }
    }

    /// The row of that name.
    public func row(_ name: String) -> Row? { rows.first { $0.name == name } }

    /// Notes what was found.
    ///
    /// - Parameter places: where those that stand in the source do (`places(in:)`).
    public mutating func set(_ name: String, judge: String, places: [String: String]) {
        rows.removeAll { $0.name == name }
        rows.append(Row(name: name, place: places[name] ?? Self.step(name), judge: judge))
    }

    /// Forgets mutations that there are no more.
    public mutating func keep(_ names: Set<String>) { rows.removeAll { !names.contains($0.name) } }

    private static func step(_ name: String) -> String {
        let words = name.split(separator: " ")
        switch words.first {
        case "omit": return "\(words[1]) of \(words[2]) is left out"
        case "early": return "what \(words[1]) of \(words[2]) takes is given back at once"
        default: return "?"
        }
    }

    /// The faults that stand in the source, as `mutated("...")`, and the files where they do.
    public static func places(in sources: String) throws -> [String: String] {
        var places: [String: Set<String>] = [:]
        for case let file as String in FileManager.default.enumerator(atPath: sources) ?? .init()
        where file.hasSuffix(".swift") && !file.hasSuffix("Mutation.swift") {
            let text = try String(contentsOfFile: sources + "/" + file, encoding: .utf8)
            for piece in text.components(separatedBy: "mutated(\"").dropFirst() {
                places[String(piece.prefix { $0 != "\"" }), default: []].insert(file)
            }
        }
        return places.mapValues { $0.sorted().joined(separator: ", ") }
    }

    /// The table, by name.
    public var text: String {
        "# Mutations, where they are, and what sees them: made by `make mutations`; reasons are written by hand.\n"
            + rows.sorted { $0.name < $1.name }.map { "\($0.name) | \($0.place) | \($0.judge)\n" }.joined()
    }

    /// Makes names of the steps that were met: `OPERATION OBJECT FILE LINE`. A step's number is its place among those alike in its
    /// file, so that the name stays when lines are added.
    public static func names(ofSteps steps: [String]) -> [(name: String, argument: String)] {
        let sites = steps.compactMap { step -> (key: String, line: Int)? in
            let words = step.split(separator: " ")
            guard words.count == 4, let line = Int(words[3]) else { return nil }
            return (words[..<3].joined(separator: " "), line)
        }
        return Dictionary(grouping: sites, by: \.key).sorted { $0.key < $1.key }.flatMap { key, sites in
            sites.map(\.line).sorted().enumerated().flatMap { number, line in
                kinds(of: key).map { ("\($0) \(key) #\(number + 1)", "\($0) \(key) \(line)") }
            }
        }
    }

    private static func kinds(of key: String) -> [String] {
        let takes = ["lock", "down_read", "down_write", "get_active"].contains { key.hasPrefix($0 + " ") }
        return takes ? ["early", "omit"] : ["omit"]
    }
}
