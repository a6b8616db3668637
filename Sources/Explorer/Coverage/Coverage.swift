import KernelCore

/// What a walk reached of what the modules of its scenario have. What no schedule reaches, no proof says anything of.
public struct Coverage: Codable, Sendable, Equatable {
    /// Steps as gates name them: `init_lock.down_write`; in order, as are all lists here.
    public private(set) var steps: [String] = []
    /// Those before which somebody had to wait.
    public private(set) var waits: [String] = []
    /// Lines of the simulated kernel with a step that was taken: `Zram/Zram+Reset.swift:57`.
    public private(set) var lines: [String] = []
    /// Attributes' methods that began, and how they ended: `reset store`, `reset store: done`.
    public private(set) var attributes: [String] = []
    /// Patches that the driver asked for: `zram-up: no`.
    public private(set) var patches: [String] = []

    /// Nothing.
    public init() {}

    init(_ log: CoverageLog) {
        steps = log.steps.sorted()
        waits = log.waits.sorted()
        lines = log.lines.map { "\($0.file):\($0.line)" }.sorted()
        attributes = log.attributes.sorted()
        patches = log.patches.sorted()
    }

    /// Takes in what another walk reached.
    public mutating func formUnion(_ other: Self) {
        func union(_ one: [String], _ two: [String]) -> [String] {
            one == two ? one : Set(one).union(two).sorted()
        }
        steps = union(steps, other.steps)
        waits = union(waits, other.waits)
        lines = union(lines, other.lines)
        attributes = union(attributes, other.attributes)
        patches = union(patches, other.patches)
    }

    /// What differs, in words; nil if nothing does.
    func difference(from other: Self) -> String? {
        let lists: [(String, [String], [String])] = [
            ("steps", steps, other.steps), ("waits", waits, other.waits), ("lines", lines, other.lines),
            ("attributes", attributes, other.attributes), ("patches", patches, other.patches),
        ]
        for (name, mine, others) in lists where mine != others {
            let odd = Set(mine).symmetricDifference(others).sorted().first ?? "its order"
            return "\(name): \(odd)"
        }
        return nil
    }
}

/// What a walk never reached, though the modules of its scenario have it.
public struct CoverageGaps: Codable, Sendable, Equatable {
    /// Attributes' methods that never began: `compact store`.
    public private(set) var attributes: [String]
    /// How many there are.
    public private(set) var attributeCount: Int
    /// Locks that nobody took, as gates name the step: `init_lock.down_read`.
    public private(set) var locks: [String]
    /// Locks that somebody took, and nobody ever had to wait for.
    public private(set) var uncontended: [String]
    /// How many there are.
    public private(set) var lockCount: Int
    /// Patches that the driver never came to ask for.
    public private(set) var patches: [String]
    /// Lines with a step that nobody took; nil if the sources are not here.
    public private(set) var lines: [String]?
    /// How many there are.
    public private(set) var lineCount: Int

    /// - Parameter sources: the folder of the sources of the simulated kernel, `Sources`; nil if it is not here.
    public init(_ coverage: Coverage, of scenarios: [Scenario], sources: String?) {
        let universe = CoverageUniverse(scenarios)
        let reached = Set(coverage.attributes)
        attributes = universe.attributes.subtracting(reached).sorted()
        attributeCount = universe.attributes.count
        let taken = Set(coverage.steps)
        let all = universe.locks.union(taken.filter(CoverageUniverse.isLock))
        locks = all.subtracting(taken).sorted()
        uncontended = all.intersection(taken).subtracting(coverage.waits).sorted()
        lockCount = all.count
        let asked = Set(coverage.patches.map { $0.split(separator: ":")[0] })
        patches = universe.patches.filter { !asked.contains($0[...]) }
        let sites = sources.map { StepSites($0, of: universe.modules).lines }
        lines = sites.map { $0.subtracting(coverage.lines).sorted() }
        lineCount = sites?.count ?? 0
    }

    /// Without the lines, which only a machine with the sources knows.
    var withoutLines: Self {
        var copy = self
        copy.lines = nil
        copy.lineCount = 0
        return copy
    }
}
