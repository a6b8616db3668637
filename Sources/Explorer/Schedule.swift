/// Which task takes the next step, step by step, as a short string: one interleaving.
///
/// `DIGEST-a12b3`: the first task takes twelve steps, then the second three; behind the last, each goes on as long as
/// it can, in order. The digest covers the scenario, the patches and what the program does in it.
public struct Schedule: Codable, Sendable, Equatable, CustomStringConvertible {
    /// One task's turn.
    public struct Turn: Codable, Sendable, Equatable {
        /// The task, as schedules number them: terminals first.
        public let task: Int
        /// How many steps it takes.
        public let steps: Int
    }

    /// Eight hex digits.
    public let digest: String
    /// The turns, in order.
    public let turns: [Turn]

    /// The steps, one task number each.
    public var path: [Int] { turns.flatMap { Array(repeating: $0.task, count: $0.steps) } }

    init(digest: String, path: [UInt8]) {
        self.digest = digest
        var turns: [Turn] = []
        for task in path.map(Int.init) {
            if let last = turns.last, last.task == task {
                turns[turns.count - 1] = Turn(task: task, steps: last.steps + 1)
            } else {
                turns.append(Turn(task: task, steps: 1))
            }
        }
        self.turns = turns
    }

    /// Reads a schedule as `description` writes it; nil if it is none.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 8, parts[0].allSatisfy(\.isHexDigit) else { return nil }
        digest = String(parts[0])
        var turns: [Turn] = []
        var rest = parts[1]
        while let letter = rest.first?.asciiValue {
            guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) else { return nil }
            let digits = rest.dropFirst().prefix(while: \.isNumber)
            guard let count = digits.isEmpty ? 1 : Int(digits), count > 0 else { return nil }
            turns.append(Turn(task: Int(letter - UInt8(ascii: "a")), steps: count))
            rest = rest.dropFirst(1 + digits.count)
        }
        self.turns = turns
    }

    /// The string.
    public var description: String {
        digest + "-"
            + turns.map {
                "\(Character(UnicodeScalar(UInt8(ascii: "a") + UInt8($0.task))))\($0.steps == 1 ? "" : String($0.steps))"
            }.joined()
    }

    /// Coded as the string.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let schedule = Schedule(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no schedule"))
        }
        self = schedule
    }

    /// Coded as the string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
