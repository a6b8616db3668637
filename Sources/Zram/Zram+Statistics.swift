import DriverModel
import KernelCore
import Synchronization
import SystemPackage

extension Zram {
    /// Failed reads, failed writes, requests that made no sense, pages freed by discards.
    func ioStatShow() async throws(Errno) -> String {
        kernel.enter("io_stat_show")
        defer { kernel.leave() }
        return await initLock.withRead {
            let counters = disk.data.counters
            let invalid = driver.abi == .v5_15 ? column(0) : "0"
            return column(counters.failedReads.load(ordering: .relaxed)) + " "
                + column(counters.failedWrites.load(ordering: .relaxed)) + " " + invalid + " "
                + column(counters.notifyFree.load(ordering: .relaxed)) + "\n"
        }
    }

    /// Memory, in bytes but for the page counts: data, compressed, pool, limit, high-water mark, same-filled pages,
    /// compacted, huge, huge ever.
    func mmStatShow() async throws(Errno) -> String {
        kernel.enter("mm_stat_show")
        defer { kernel.leave() }
        return await initLock.withRead {
            var statistics = ZramPoolStatistics()
            if isInitialised, let pool = await pool() { statistics = pool.statistics }
            return [
                statistics.originalSize, statistics.compressedSize, statistics.usedTotal,
                limitPages.value &* Self.pageSize, statistics.usedMax, statistics.samePages,
                statistics.pagesCompacted, statistics.hugePages, statistics.hugePagesSince,
            ].map(column).joined(separator: " ") + "\n"
        }
    }

    /// Writes that had to wait for memory, frees that missed: neither happens here.
    func debugStatShow() async throws(Errno) -> String {
        kernel.enter("debug_stat_show")
        defer { kernel.leave() }
        return await initLock.withRead { "version: 1\n\(driver.abi == .v5_15 ? column(0) : "0") \(column(0))\n" }
    }

    func column(_ number: UInt64) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }
}
