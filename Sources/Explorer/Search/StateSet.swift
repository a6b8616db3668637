import Synchronization

/// The states seen so far, by fingerprint, each with the tasks that slept there; many threads share it.
final class StateSet: Sendable {
    /// What to do with a state.
    enum Answer {
        case new
        /// Seen before, and with it all that is awake now.
        case known
        /// Seen before, but these tasks slept then and are awake now.
        case awake([UInt64])
    }

    private struct Shard {
        var table = FingerprintTable()
        var sleeps: [[UInt64]] = [[]]
        var journal: [(key: UInt64, sleeping: [UInt64])] = []
    }

    private let shards: [Box]
    /// What is entered is kept for `takeJournal`.
    private let keepsJournal = Atomic<Bool>(false)
    private final class Box: Sendable {
        let shard = Mutex(Shard())
    }

    init() { shards = (0..<64).map { _ in Box() } }

    /// How many states there are.
    var count: Int { shards.reduce(0) { $0 + $1.shard.withLock { $0.table.count } } }

    /// Roughly how many bytes it takes.
    var bytes: Int { shards.reduce(0) { $0 + $1.shard.withLock { $0.table.keys.count * 12 + $0.sleeps.count * 48 } } }

    /// All fingerprints, sorted.
    var fingerprints: [UInt64] { shards.flatMap { $0.shard.withLock { $0.table.keys.filter { $0 != 0 } } }.sorted() }

    /// All states, and who slept in which.
    var contents: (keys: [UInt64], sleeps: [UInt64: [UInt64]]) {
        var keys: [UInt64] = []
        var sleeps: [UInt64: [UInt64]] = [:]
        for box in shards {
            box.shard.withLock { shard in
                let table = shard.table
                for index in table.keys.indices where table.keys[index] != 0 {
                    keys.append(table.keys[index])
                    if table.values[index] != 0 { sleeps[table.keys[index]] = shard.sleeps[Int(table.values[index])] }
                }
            }
        }
        return (keys, sleeps)
    }

    /// Enters states as `contents` gave them.
    func load(_ contents: (keys: [UInt64], sleeps: [UInt64: [UInt64]])) {
        for key in contents.keys { _ = visit(key, sleeping: contents.sleeps[key] ?? []) }
    }

    /// From here on what is entered is kept for `takeJournal`.
    func startJournal() { keepsJournal.store(true, ordering: .relaxed) }

    /// The states that were entered, or entered with others asleep, since somebody asked.
    func takeJournal() -> [(key: UInt64, sleeping: [UInt64])] {
        shards.flatMap { box in
            box.shard.withLock { shard in
                defer { shard.journal = [] }
                return shard.journal
            }
        }
    }

    /// Enters a state that somebody else looks at, but for the tasks that sleep there.
    func learn(_ key: UInt64, sleeping: [UInt64]) {
        shards[Int(truncatingIfNeeded: key) & 63].shard.withLock { shard in
            let (index, isNew) = shard.table.place(key)
            let old = Int(shard.table.values[index])
            if isNew, !sleeping.isEmpty {
                shard.sleeps.append(sleeping)
                shard.table.values[index] = Int32(shard.sleeps.count - 1)
            } else if old != 0 {
                shard.sleeps[old].removeAll { !sleeping.contains($0) }
                if shard.sleeps[old].isEmpty { shard.table.values[index] = 0 }
            }
        }
    }

    /// Enters a state with the tasks that sleep there, by the hash of their local state.
    func visit(_ fingerprint: UInt64, sleeping: [UInt64]) -> Answer {
        let key = fingerprint == 0 ? 1 : fingerprint
        return shards[Int(truncatingIfNeeded: key) & 63].shard.withLock { shard in
            let (index, isNew) = shard.table.place(key)
            let journals = keepsJournal.load(ordering: .relaxed)
            if isNew {
                if journals { shard.journal.append((key, sleeping)) }
                if !sleeping.isEmpty {
                    shard.sleeps.append(sleeping)
                    shard.table.values[index] = Int32(shard.sleeps.count - 1)
                }
                return .new
            }
            let old = Int(shard.table.values[index])
            guard old != 0 else { return .known }
            let awake = shard.sleeps[old].filter { !sleeping.contains($0) }
            guard !awake.isEmpty else { return .known }
            let still = shard.sleeps[old].filter { sleeping.contains($0) }
            if journals { shard.journal.append((key, still)) }
            if still.isEmpty { shard.table.values[index] = 0 } else { shard.sleeps[old] = still }
            return .awake(awake)
        }
    }
}
