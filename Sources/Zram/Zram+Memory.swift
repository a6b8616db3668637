import CPUHotplug
import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// 1 once a disksize is set.
    func initstateShow() async throws(Errno) -> String {
        kernel.enter("initstate_show")
        defer { kernel.leave() }
        return await initLock.withRead { isInitialised ? "1\n" : "0\n" }
    }

    /// Shrinks the pool; the text does not matter.
    ///
    /// - Throws: `EINVAL` before a disksize is set.
    func compactStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("compact_store")
        defer { kernel.leave() }
        try await initLock.withRead { () async throws(Errno) in
            guard isInitialised else { throw .invalidArgument }
            await pool()?.compact()
        }
        return bytes.count
    }

    /// Limits the pool, in bytes with an optional suffix; 0 for no limit; reset clears it.
    ///
    /// - Throws: `EINVAL` if there is no number; an error of the host, if the image keeps the limit and cannot.
    func memLimitStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("mem_limit_store")
        defer { kernel.leave() }
        let (limit, isParsed) = Parse.memory(bytes)
        guard isParsed else { throw .invalidArgument }
        try await initLock.withWrite { () async throws(Errno) in
            let pages = (limit &+ Self.pageSize - 1) / Self.pageSize
            if isInitialised { try await pool()?.setLimit(pages: pages) }
            limitPages.value = pages
        }
        return bytes.count
    }

    /// Sets the high-water mark to what is used now; takes 0 alone.
    ///
    /// - Throws: `EINVAL` for anything else.
    func memUsedMaxStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("mem_used_max_store")
        defer { kernel.leave() }
        guard let value: UInt64 = try? Parse.unsigned(bytes), value == 0 else { throw .invalidArgument }
        await initLock.withRead { if isInitialised { await pool()?.resetMaxUsed() } }
        return bytes.count
    }

    /// Marks pages as idle: `all`, since 5.16 also those that were not accessed for so many seconds.
    ///
    /// - Throws: `EINVAL` for any other text, and before a disksize is set.
    func idleStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("idle_store")
        defer { kernel.leave() }
        var age: UInt64?
        if !Parse.equals(bytes, "all") {
            guard driver.abi != .v5_15, let seconds: UInt64 = try? Parse.unsigned(bytes, base: 0) else {
                throw .invalidArgument
            }
            age = seconds
        }
        try await initLock.withRead { () async throws(Errno) in
            guard isInitialised else { throw .invalidArgument }
            await pool()?.markIdle(age: age, inMemoryOnly: driver.abi != .v5_15)
        }
        return bytes.count
    }

    /// How many CPUs are online: the streams that a device has.
    func streamsShow() async throws(Errno) -> String { "\(driver.hotplug.onlineCount)\n" }

    /// Accepted and ignored since 4.7.
    func streamsStore(_ bytes: [UInt8]) async throws(Errno) -> Int { bytes.count }

    /// The pool of an initialised device; a step, for the table is read. Call it under `init_lock`.
    func pool() async -> (any ZramPool)? {
        guard let table = await table.load() else { return nil }
        table.touch()
        return table.isFreed ? nil : table.pool
    }
}
