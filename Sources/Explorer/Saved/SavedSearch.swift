import KernelCore
import Zram

/// A search that was stopped: what was seen, and what is left. In a file, `explore --resume` goes on from it.
public struct SavedSearch: Sendable {
    let table: SharingTable
    let branches: [WorkPool.Branch]
    let states: (keys: [UInt64], sleeps: [UInt64: [UInt64]])
    var found: SearchShare.Found
    let counts: SearchCounts
    let fraction: Double
    /// It began anew: a reduction had rested on something wrong.
    let isBroken: Bool
    /// What it is of; nil until it is known (`named`).
    var identity: SearchIdentity?
    /// What was reached.
    var coverage = Coverage()
    /// Something was not looked at and is in no branch: nothing that goes on from here proves anything.
    var hasLost = false
    /// What is done and what the branches are of it made up, together, when it was stopped (`balance`).
    var whole = 1.0
    /// What it is a part of, from the outermost; empty: it is the whole.
    var origin: [Part] = []
    /// The runs that it is made of, if they told others of states, and those that told it.
    var runs: Set<UInt64> = []
    var relies: Set<UInt64> = []

    /// One of several parts of a saved search.
    struct Part: Codable, Sendable, Equatable {
        /// Stands for the search.
        let search: UInt64
        let index: Int
        let count: Int
    }

    /// - Parameters:
    ///   - isBroken: a reduction turned out to rest on something wrong: all begins anew, with what was learned.
    ///   - old: what it went on from.
    init(
        _ share: SearchShare, _ counts: SearchCounts, _ table: SharingTable, _ branches: [WorkPool.Branch],
        isBroken: Bool, from old: SavedSearch?
    ) {
        self.isBroken = isBroken
        origin = old?.origin ?? []
        runs = old?.runs ?? []
        relies = old?.relies ?? []
        if let exchange = share.exchange {
            runs.insert(exchange.run)
            relies.formUnion(exchange.relies)
        }
        hasLost = share.hasLost && !isBroken
        coverage = share.coverage
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
        whole = balance
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
        identity = other.identity
        origin = other.origin
        hasLost = other.hasLost
        coverage = other.coverage
    }

    /// Stands for what is left.
    private var fingerprint: UInt64 {
        var hash = mix(identity?.fingerprint ?? 0, counts.seconds.bitPattern)
        for key in states.keys { hash &+= mix(7, key) }
        for branch in branches { hash = branch.path.reduce(mix(hash, 1)) { mix($0, UInt64($1)) } }
        return hash
    }

    /// The part of what is left that a process of many explores; `merged` puts the parts together.
    public func part(_ shard: Shard) -> SavedSearch {
        let isFirst = shard.index == 0
        var part = SavedSearch(
            table: table, branches: branches.indices.filter { shard.has($0) }.map { branches[$0] }, states: states,
            found: found, counts: isFirst ? counts : SearchCounts(attempts: counts.attempts),
            fraction: isFirst ? fraction : 0, like: self)
        part.whole = part.balance
        part.origin.append(Part(search: fingerprint, index: shard.index, count: shard.count))
        return part
    }

    /// True if these are all parts of one search, each once, and rely on no other run of one of them.
    private static func areAll(_ parts: [SavedSearch]) -> Bool {
        guard let first = parts.first, let own = first.origin.last else { return false }
        return parts.count == own.count && Set(parts.compactMap(\.origin.last?.index)) == Set(0..<own.count)
            && parts.allSatisfy {
                $0.identity == first.identity && $0.origin.last?.search == own.search
                    && $0.origin.last?.count == own.count && $0.origin.dropLast() == first.origin.dropLast()
            }
            && parts.reduce(Set()) { $0.union($1.relies) }.isSubset(of: parts.reduce(Set()) { $0.union($1.runs) })
    }

    /// Puts together what the parts of one search found, and what they left.
    ///
    /// A reduction of one part may rest on what another found to be wrong: then all begins anew, with what was learned.
    /// - Returns: nil if they are not all parts of one search, or one relies on a run that is not among them.
    public static func merged(_ parts: [SavedSearch]) -> SavedSearch? {
        guard areAll(parts), let first = parts.first else { return nil }
        var like = first
        like.origin.removeLast()
        var table = first.table
        var isBroken = first.isBroken
        var counts = first.counts
        var found = first.found
        for part in parts.dropFirst() {
            if table.merge(part.table) || part.isBroken { isBroken = true }
            counts.add(part.counts)
            counts.seconds += part.counts.seconds
            found.finals.formUnion(part.found.finals)
            found.ended.formUnion(part.found.ended)
            found.failures.merge(part.found.failures) { $0.path.count <= $1.path.count ? $0 : $1 }
            found.first = [found.first, part.found.first].compactMap(\.self).min()
        }
        for part in parts { like.coverage.formUnion(part.coverage) }
        like.hasLost = parts.contains(where: \.hasLost)
        let states = union(parts)
        counts.states = states.keys.count
        if isBroken {
            table.restart()
            return SavedSearch(
                table: table, branches: [WorkPool.Branch(path: [])], states: ([], [:]), found: SearchShare.Found(),
                counts: SearchCounts(attempts: counts.attempts + 1, seconds: counts.seconds), fraction: 0, like: like)
        }
        var merged = SavedSearch(
            table: table, branches: parts.flatMap(\.branches), states: states, found: found, counts: counts,
            fraction: parts.reduce(0) { $0 + $1.fraction }, like: like)
        merged.whole = parts.reduce(0) { $0 + $1.whole }
        return merged
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

    func named(_ identity: SearchIdentity) -> Self {
        var copy = self
        copy.identity = identity
        return copy
    }

    /// What is done, and what of the whole the branches are. It must be `whole`: of a search whose branches were taken
    /// away, too much is missing.
    var balance: Double { branches.reduce(fraction) { $0 + $1.weight } }

    /// True if it is one of several parts: nothing is proved until they are merged.
    public var isPart: Bool { !origin.isEmpty }
    /// What there is, for a person.
    public var summary: String { "\(states.keys.count) states, \(branches.count) branches left" }
}
