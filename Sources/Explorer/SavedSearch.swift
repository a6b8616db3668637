import Zram

/// A search that was stopped: what was seen, and what is left. In a file, `explore --resume` goes on from it.
public struct SavedSearch: Sendable {
    let table: SharingTable
    let branches: [WorkPool.Branch]
    let states: (keys: [UInt64], sleeps: [UInt64: [UInt64]])
    let found: SearchShare.Found
    let counts: SearchCounts
    let fraction: Double
    /// It began anew: a reduction had rested on something wrong.
    let isBroken: Bool
    var digest = ""
    var reductions = Reductions.all

    /// - Parameter isBroken: a reduction turned out to rest on something wrong: all begins anew, with what was learned.
    init(
        _ share: SearchShare, _ counts: SearchCounts, _ table: SharingTable, _ branches: [WorkPool.Branch],
        isBroken: Bool
    ) {
        self.isBroken = isBroken
        var table = table
        if isBroken { table.restart() }
        self.table = table
        self.branches = isBroken ? [WorkPool.Branch(path: [])] : branches
        states = isBroken ? ([], [:]) : share.states.contents
        found = isBroken ? SearchShare.Found() : share.result
        var counts = counts
        if isBroken { counts = SearchCounts(attempts: counts.attempts + 1, seconds: counts.seconds) }
        self.counts = counts
        fraction = isBroken ? 0 : share.fraction
    }

    private init(
        table: SharingTable, branches: [WorkPool.Branch], states: (keys: [UInt64], sleeps: [UInt64: [UInt64]]),
        found: SearchShare.Found, counts: SearchCounts, fraction: Double, like other: SavedSearch
    ) {
        isBroken = false
        self.table = table
        self.branches = branches
        self.states = states
        self.found = found
        self.counts = counts
        self.fraction = fraction
        digest = other.digest
        reductions = other.reductions
    }

    /// The part of what is left that a process of many explores; `merged` puts the parts together.
    public func part(_ shard: Shard) -> SavedSearch {
        let isFirst = shard.index == 0
        return SavedSearch(
            table: table, branches: branches.indices.filter { shard.has($0) }.map { branches[$0] }, states: states,
            found: found, counts: isFirst ? counts : SearchCounts(attempts: counts.attempts),
            fraction: isFirst ? fraction : 0, like: self)
    }

    /// Puts together what the parts of one search found, and what they left.
    ///
    /// A reduction of one part may rest on what another found to be wrong: then all begins anew, with what was learned.
    /// - Returns: nil if they are not of one search, or there is none.
    public static func merged(_ parts: [SavedSearch]) -> SavedSearch? {
        guard let first = parts.first,
            parts.allSatisfy({ $0.digest == first.digest && $0.reductions == first.reductions })
        else { return nil }
        var table = first.table
        var isBroken = first.isBroken
        var counts = first.counts
        var found = first.found
        for part in parts.dropFirst() {
            if table.merge(part.table) || part.isBroken { isBroken = true }
            counts.add(part.counts)
            counts.seconds += part.counts.seconds
            found.finals.formUnion(part.found.finals)
            found.failures.merge(part.found.failures) { $0.path.count <= $1.path.count ? $0 : $1 }
            found.first = [found.first, part.found.first].compactMap(\.self).min()
        }
        let states = union(parts)
        counts.states = states.keys.count
        if isBroken {
            table.restart()
            return SavedSearch(
                table: table, branches: [WorkPool.Branch(path: [])], states: ([], [:]), found: SearchShare.Found(),
                counts: SearchCounts(attempts: counts.attempts + 1, seconds: counts.seconds), fraction: 0, like: first)
        }
        return SavedSearch(
            table: table, branches: parts.flatMap(\.branches), states: states, found: found, counts: counts,
            fraction: parts.reduce(0) { $0 + $1.fraction }, like: first)
    }

    /// All states. Who sleeps in one wherever it is known was looked at nowhere.
    private static func union(_ parts: [SavedSearch]) -> (keys: [UInt64], sleeps: [UInt64: [UInt64]]) {
        var known: Set<UInt64> = []
        var sleeps: [UInt64: [UInt64]] = [:]
        for part in parts {
            for key in part.states.keys {
                let sleeping = part.states.sleeps[key] ?? []
                if known.insert(key).inserted {
                    sleeps[key] = sleeping.isEmpty ? nil : sleeping
                } else if let old = sleeps[key] {
                    let still = old.filter(sleeping.contains)
                    sleeps[key] = still.isEmpty ? nil : still
                }
            }
        }
        return (Array(known), sleeps)
    }

    func named(_ digest: String, _ reductions: Reductions) -> Self {
        var copy = self
        copy.digest = digest
        copy.reductions = reductions
        return copy
    }

    /// True if it is a search of that scenario under those patches, with these reductions, by this program.
    public func matches(_ scenario: Scenario, patches: Set<Patch>, reductions: Reductions) -> Bool {
        let setting = Setting(
            scenario, patches, isSymmetric: reductions.contains(.symmetry),
            isWhole: !reductions.contains(.namedFiles))
        return reductions == self.reductions && setting.programDigest == digest
    }

    /// What there is, for a person.
    public var summary: String { "\(states.keys.count) states, \(branches.count) branches left" }
}
