import Foundation
import Zram

extension SavedSearch {
    /// A file that is no saved search.
    public struct Unreadable: Error {}

    private struct Header: Codable {
        struct Entry: Codable {
            let id, readers, writers: UInt32
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
        var format = "zramfs saved search 2"
        let digest: String
        let reductions: Reductions
        let table: [Entry]
        let branches: [Branch]
        let finals: [UInt64]
        let failures: [Failing]
        let first: Double?
        let counts: SearchCounts
        let fraction: Double
        let isBroken: Bool
        let origin: [Part]
        let runs, relies: Set<UInt64>
        /// 64-bit words behind the header: fingerprints, and then for each state with sleepers its fingerprint, their
        /// number, and they.
        let states: Int
        let words: Int
    }

    /// Writes it to a file, in place of what is there.
    public func write(to path: String) throws {
        var words = states.keys
        for (key, sleepers) in states.sleeps { words += [key, UInt64(sleepers.count)] + sleepers }
        let header = Header(
            digest: digest, reductions: reductions,
            table: table.entries.map { id, entry in
                Header.Entry(
                    id: id, readers: entry.readers, writers: entry.writers, locks: entry.locks,
                    isTrusted: entry.isTrusted)
            },
            branches: branches.map { branch in
                Header.Branch(
                    path: branch.path,
                    sleeping: branch.sleeping.map { Header.Branch.Sleeping(task: $0.task, accesses: $0.accesses) },
                    weight: branch.weight)
            }, finals: Array(found.finals),
            failures: found.failures.values.map { Header.Failing(failure: $0.failure, path: $0.path) },
            first: found.first, counts: counts, fraction: fraction, isBroken: isBroken, origin: origin, runs: runs,
            relies: relies, states: states.keys.count,
            words: words.count)
        var data = try JSONEncoder().encode(header)
        data.append(UInt8(ascii: "\n"))
        words.withUnsafeBytes { data.append(contentsOf: $0) }
        try data.write(to: URL(filePath: path), options: .atomic)
    }

    /// Reads a file.
    ///
    /// - Throws: `Unreadable` for what is none, or the host's error.
    public init(file: String) throws {
        let data = try Data(contentsOf: URL(filePath: file))
        guard let end = data.firstIndex(of: UInt8(ascii: "\n")),
            let header = try? JSONDecoder().decode(Header.self, from: data[..<end]),
            header.format == "zramfs saved search 2", header.words >= header.states, header.states >= 0,
            data.count - end - 1 == header.words * 8
        else { throw Unreadable() }
        var words = [UInt64](repeating: 0, count: header.words)
        words.withUnsafeMutableBytes { _ = data[(end + 1)...].copyBytes(to: $0) }
        var rest = words[header.states...]
        var sleeps: [UInt64: [UInt64]] = [:]
        while let key = rest.popFirst() {
            guard let count = rest.popFirst(), count <= rest.count else { throw Unreadable() }
            sleeps[key] = Array(rest.prefix(Int(count)))
            rest = rest.dropFirst(Int(count))
        }
        states = (Array(words[..<header.states]), sleeps)
        table = SharingTable(
            entries: Dictionary(
                header.table.map { row in
                    (
                        row.id,
                        SharingTable.Entry(
                            readers: row.readers, writers: row.writers, locks: row.locks, isTrusted: row.isTrusted)
                    )
                }, uniquingKeysWith: { first, _ in first }))
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
            first: header.first)
        counts = header.counts
        fraction = header.fraction
        isBroken = header.isBroken
        digest = header.digest
        reductions = header.reductions
        origin = header.origin
        runs = header.runs
        relies = header.relies
    }
}
