import Glibc
import Synchronization

/// Counts of requests, as the block layer keeps them. `stat` and `io_stat` show them.
public final class DiskCounters: Sendable {
    /// A kind of request. The kernel's `enum stat_group`.
    public enum Kind: Int, Sendable {
        case read, write, discard
    }

    /// What is counted of one kind.
    public final class Group: Sendable {
        /// Finished requests, failed ones too.
        public let requests = Atomic<UInt64>(0)
        /// Their sectors of 512 bytes.
        public let sectors = Atomic<UInt64>(0)
        /// The nanoseconds that they took, added up.
        public let nanoseconds = Atomic<UInt64>(0)
        /// Requests in flight.
        public let inFlight = Atomic<Int>(0)

        fileprivate func reset() {
            requests.store(0, ordering: .relaxed)
            sectors.store(0, ordering: .relaxed)
            nanoseconds.store(0, ordering: .relaxed)
        }
    }

    /// Reads, writes and discards.
    public let groups = [Group(), Group(), Group()]
    /// Milliseconds in which some request was in flight. The kernel's `io_ticks`.
    public let busy = Atomic<UInt64>(0)
    /// The millisecond up to which `busy` is counted. The kernel's `bd_stamp`.
    private let stamp = Atomic<UInt64>(0)
    /// Reads that failed.
    public let failedReads = Atomic<UInt64>(0)
    /// Writes that failed.
    public let failedWrites = Atomic<UInt64>(0)
    /// Pages dropped by discards.
    public let notifyFree = Atomic<UInt64>(0)

    /// Starts a request and says when. The kernel's `bio_start_io_acct`.
    @inline(__always)
    func begin(_ kind: Kind) -> UInt64 {
        let now = Self.now
        updateBusy(now, isEnd: false)
        groups[kind.rawValue].inFlight.add(1, ordering: .relaxed)
        return now
    }

    /// Ends it. The kernel's `bio_end_io_acct`.
    @inline(__always)
    func end(_ kind: Kind, _ start: UInt64, bytes: Int) {
        let now = Self.now
        updateBusy(now, isEnd: true)
        let group = groups[kind.rawValue]
        group.requests.add(1, ordering: .relaxed)
        group.sectors.add(UInt64(bytes) >> 9, ordering: .relaxed)
        group.nanoseconds.add(now &- start, ordering: .relaxed)
        group.inFlight.subtract(1, ordering: .relaxed)
    }

    /// The kernel's `update_io_ticks`, since 6.6: time counts while something is in flight.
    @inline(__always)
    private func updateBusy(_ now: UInt64, isEnd: Bool) {
        let milliseconds = now / 1_000_000
        let before = stamp.load(ordering: .relaxed)
        guard milliseconds > before,
            stamp.compareExchange(expected: before, desired: milliseconds, ordering: .relaxed).exchanged
        else { return }
        guard isEnd || groups.contains(where: { $0.inFlight.load(ordering: .relaxed) > 0 }) else { return }
        busy.add(milliseconds - before, ordering: .relaxed)
    }

    @inline(__always)
    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    /// Zeroes what `stat` shows, but for what is in flight. The kernel's `part_stat_set_all`.
    public func resetStatistics() {
        for group in groups { group.reset() }
        busy.store(0, ordering: .relaxed)
    }

    /// Zeroes what `io_stat` shows. The `memset` of zram's statistics.
    public func resetFailures() {
        failedReads.store(0, ordering: .relaxed)
        failedWrites.store(0, ordering: .relaxed)
        notifyFree.store(0, ordering: .relaxed)
    }
}
