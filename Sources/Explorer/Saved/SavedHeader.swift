import KernelCore
import Zram

/// What a saved search is, but for its states.
struct SavedHeader: Codable {
    struct Entry: Codable {
        let id: UInt32
        let readers, writers: TaskMask
        let locks: [UInt32]
        let isTrusted: Bool
    }
    struct Branch: Codable {
        struct Sleeping: Codable {
            let task: UInt8
            let accesses: [UInt32]
        }
        let path: [UInt8]
        let sleeping: [Sleeping]
        let weight: Double
    }
    struct Failing: Codable {
        let failure: Failure
        let path: [UInt8]
    }
    let identity: SearchIdentity?
    let table: [Entry]
    let branches: [Branch]
    /// How many branches there are: a list that lost some is seen.
    let unfinished: Int
    let finals: [UInt64]
    let failures: [Failing]
    let first: Double?
    let counts: SearchCounts
    let fraction: Double
    let whole: Double
    let isBroken: Bool
    let hasLost: Bool
    let coverage: Coverage
    let origin: [SavedSearch.Part]
    let runs, relies: Set<UInt64>
    /// How commands ended.
    let ended: [UInt64]
    /// The 64-bit words behind the header: so many fingerprints, and then for each state with sleepers its fingerprint,
    /// their number, and they.
    let states: Int

    init(_ search: SavedSearch) {
        identity = search.identity
        table = search.table.entries.map { id, entry in
            Entry(
                id: id, readers: entry.readers, writers: entry.writers, locks: entry.locks, isTrusted: entry.isTrusted)
        }
        branches = search.branches.map { branch in
            Branch(
                path: branch.path,
                sleeping: branch.sleeping.map { Branch.Sleeping(task: $0.task, accesses: $0.accesses) },
                weight: branch.weight)
        }
        unfinished = search.branches.count
        finals = Array(search.found.finals)
        failures = search.found.failures.values.map { Failing(failure: $0.failure, path: $0.path) }
        first = search.found.first
        counts = search.counts
        fraction = search.fraction
        whole = search.whole
        isBroken = search.isBroken
        hasLost = search.hasLost
        coverage = search.coverage
        origin = search.origin
        runs = search.runs
        relies = search.relies
        ended = search.found.ended.map(\.code)
        states = search.states.keys.count
    }
}

extension SavedSearch {
    /// As a header says, and its states.
    init(_ header: SavedHeader, _ states: (keys: [UInt64], sleeps: [UInt64: [UInt64]])) {
        self.states = states
        let rows = header.table.map { row in
            let entry = SharingTable.Entry(
                readers: row.readers, writers: row.writers, locks: row.locks, isTrusted: row.isTrusted)
            return (row.id, entry)
        }
        table = SharingTable(entries: Dictionary(rows, uniquingKeysWith: { first, _ in first }))
        branches = header.branches.map { branch in
            WorkPool.Branch(
                path: branch.path, sleeping: branch.sleeping.map { Sleeper(task: $0.task, accesses: $0.accesses) },
                weight: branch.weight)
        }
        found = SearchShare.Found(
            finals: Set(header.finals),
            failures: Dictionary(
                header.failures.map { ($0.failure.verdict, ($0.failure, $0.path)) },
                uniquingKeysWith: { first, _ in first }),
            first: header.first, ended: Set(header.ended.map { CommandEnd(code: $0) }))
        counts = header.counts
        fraction = header.fraction
        whole = header.whole
        isBroken = header.isBroken
        hasLost = header.hasLost
        coverage = header.coverage
        identity = header.identity
        origin = header.origin
        runs = header.runs
        relies = header.relies
    }
}

extension SearchCounts {
    /// No number is below 0, or so large that sums could overflow.
    var isPlausible: Bool {
        let numbers = [states, transitions, runs, steps, recalled, finalStates, failures, depth, attempts]
        return numbers.allSatisfy { (0..<1 << 56).contains($0) } && seconds.isFinite && seconds >= 0
    }
}

extension Setting {
    /// True if each step of a branch can be taken, and who sleeps there is a task.
    func canReplay(_ branch: WorkPool.Branch) -> Bool {
        let executor = KernelExecutor()
        defer { executor.retire() }
        let run = Run(self, executor: executor, memory: EmptyMemory())
        for choice in branch.path {
            guard run.failure == nil, run.tasks.indices.contains(Int(choice)), run.isEnabled(Int(choice)) else {
                return false
            }
            run.step(Int(choice))
        }
        return branch.sleeping.allSatisfy { run.tasks.indices.contains(Int($0.task)) }
    }
}
