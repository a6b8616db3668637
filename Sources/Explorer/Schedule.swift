/// Which task takes the next step, step by step, as a short string: one interleaving.
///
/// `DIGEST-a12b3`: the first task takes twelve steps, then the second three; behind the last, each goes on as long as
/// it can, in order. Tasks behind `z` are `A` to `Z`, and behind those their numbers in braces: `{52}7`. The digest
/// covers the scenario, the patches and what the program does in it (`ScheduleDigest`).
public struct Schedule: Codable, Sendable, Equatable, CustomStringConvertible {
    /// One task's turn.
    public struct Turn: Codable, Sendable, Equatable {
        /// The task, as schedules number them: terminals first.
        public let task: Int
        /// How many steps it takes.
        public let steps: Int
    }

    /// 16 hex digits.
    public let digest: String
    /// The turns, in order.
    public let turns: [Turn]
    /// No schedule has more steps, and no task a number as large: the explorer itself makes none that come near.
    static let longest = 1_000_000

    /// The steps, one task number each.
    public var path: [Int] { turns.flatMap { Array(repeating: $0.task, count: $0.steps) } }

    init(digest: String, path: some Sequence<some BinaryInteger>) {
        self.digest = digest
        var turns: [Turn] = []
        for task in path.lazy.map({ Int($0) }) {
            if let last = turns.last, last.task == task {
                turns[turns.count - 1] = Turn(task: task, steps: last.steps + 1)
            } else {
                turns.append(Turn(task: task, steps: 1))
            }
        }
        self.turns = turns
    }

    /// Reads a schedule as `description` writes it; nil if it is none, or has more than a million steps.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == ScheduleDigest.digits,
            parts[0].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
        else { return nil }
        digest = String(decoding: parts[0], as: UTF8.self)
        var turns: [Turn] = []
        var total = 0
        var rest = parts[1]
        while !rest.isEmpty {
            guard let task = Self.task(&rest) else { return nil }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(digits.count)
            guard let count = digits.isEmpty ? 1 : Self.number(digits), count > 0 else { return nil }
            total += count
            guard total <= Self.longest else { return nil }
            turns.append(Turn(task: task, steps: count))
        }
        self.turns = turns
    }

    private static func number(_ digits: Substring.UTF8View) -> Int? {
        guard let number = Int(String(decoding: digits, as: UTF8.self)), number <= longest else { return nil }
        return number
    }

    private static func task(_ rest: inout Substring.UTF8View) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        switch first {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return Int(first - UInt8(ascii: "a"))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return Int(first - UInt8(ascii: "A")) + 26
        case UInt8(ascii: "{"):
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest.dropFirst(digits.count)
            guard rest.popFirst() == UInt8(ascii: "}") else { return nil }
            return number(digits)
        default: return nil
        }
    }

    private static func letter(_ task: Int) -> String {
        switch task {
        case 0..<26: String(UnicodeScalar(UInt8(ascii: "a") + UInt8(task)))
        case 26..<52: String(UnicodeScalar(UInt8(ascii: "A") + UInt8(task - 26)))
        default: "{\(task)}"
        }
    }

    /// The string.
    public var description: String {
        digest + "-" + turns.map { Self.letter($0.task) + ($0.steps == 1 ? "" : String($0.steps)) }.joined()
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
