/// What makes a search shorter without changing what it finds; each can be switched off.
public struct Reductions: OptionSet, Codable, Sendable, Hashable {
    /// The bits.
    public let rawValue: Int

    /// Of bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A state seen before is not looked at again.
    public static let fingerprints = Reductions(rawValue: 1)
    /// Terminals that run the same script are interchangeable.
    public static let symmetry = Reductions(rawValue: 2)
    /// A step that commutes with all that others can do meanwhile needs no alternatives (persistent sets).
    public static let localSteps = Reductions(rawValue: 4)
    /// Of two orders of commuting steps one is taken.
    public static let sleepSets = Reductions(rawValue: 8)
    /// Attribute files that no script names are left out.
    public static let namedFiles = Reductions(rawValue: 16)
    /// A step that was seen before, and finds the same as then, is recalled and not taken again.
    public static let recalledSteps = Reductions(rawValue: 32)
    /// All of them.
    public static let all: Reductions = [
        .fingerprints, .symmetry, .localSteps, .sleepSets, .namedFiles, .recalledSteps,
    ]
    /// None.
    public static let none: Reductions = []

    /// Their names, in order.
    public var names: [String] {
        let all: [(Reductions, String)] = [
            (.fingerprints, "fingerprints"), (.symmetry, "symmetry"), (.localSteps, "local-steps"),
            (.sleepSets, "sleep-sets"), (.namedFiles, "named-files"), (.recalledSteps, "recalled-steps"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }

    /// The reduction of that name.
    public static func named(_ name: String) -> Reductions? {
        (0..<6).map { Reductions(rawValue: 1 << $0) }.first { $0.names == [name] }
    }
}
