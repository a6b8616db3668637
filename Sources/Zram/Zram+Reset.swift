import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// Drops all data and makes the device uninitialised, as `echo 1 > reset`.
    ///
    /// - Throws: `EINVAL` and `ERANGE` for a bad number, `EINVAL` for 0; `EBUSY` if it is open or being reset; `ENODEV`
    ///   under `zram-up` once the module is going.
    func resetStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("reset_store")
        defer { kernel.leave() }
        let doReset: UInt16 = try Parse.unsigned(bytes)
        return try await driver.whileUp { () async throws(Errno) in
            guard doReset != 0 else { throw .invalidArgument }
            if patches.contains(.openMutexOverReset) {
                try await disk.openMutex.withLock { () async throws(Errno) in
                    guard disk.openers.value == 0 else { throw .resourceBusy }
                    sync()
                    await zramResetDevice()
                }
                return bytes.count
            }
            try await disk.openMutex.withLock { () async throws(Errno) in
                guard disk.openers.value == 0 || mutated("reset ignores openers"),
                    !claim.value || mutated("reset ignores the claim")
                else { throw .resourceBusy }
                if !mutated("reset claims nothing") { claim.value = true }
            }
            sync()
            await zramResetDevice()
            if !mutated("reset keeps the claim") { await disk.openMutex.withLock { claim.value = false } }
            return bytes.count
        }
    }

    /// Makes the device uninitialised. The kernel's `zram_reset_device`.
    func zramResetDevice() async {
        kernel.enter()
        defer { kernel.leave() }
        await initLock.downWrite()
        limitPages.value = 0
        guard isInitialised || mutated("reset does not look whether there is a size") else {
            if driver.abi == .v6_18 {
                // Since 6.1 a reset does the same whatever the state.
                await dropExtras()
                await compressor.store(driver.defaultAlgorithm)
            }
            await initLock.upWrite()
            return
        }
        let comp = await comp.load()
        if !mutated("reset keeps the size") { disksize.value = 0 }
        disk.setCapacityAndNotify(0)
        disk.data.set(nil, size: 0)
        disk.data.counters.resetStatistics()
        if patches.contains(.resetHoldsInitLock) {
            await freeMetaAndComp(comp)
            await initLock.upWrite()
        } else {
            await initLock.upWrite()
            await freeMetaAndComp(comp)
        }
    }

    private func freeMetaAndComp(_ comp: Zcomp?) async {
        if !mutated("reset keeps the table") { await zramMetaFree() }
        disk.data.counters.resetFailures()
        if !mutated("reset keeps the compressor") { await comp?.destroy() }
        await dropExtras()
        if driver.abi == .v6_18 { await compressor.store(driver.defaultAlgorithm) }
    }

    /// Destroys the secondary compressors and lets the backing device go. The kernel's `zram_destroy_comps` and
    /// `reset_bdev`.
    private func dropExtras() async {
        if extras.unchecked.isPlain { return }
        var old = ZramExtras()
        await extras.update { extras in
            old = extras
            extras = ZramExtras()
            extras.isProcessing = old.isProcessing
        }
        for comp in old.comps where !mutated("reset keeps other compressors") { await comp.destroy() }
        if let backing = old.backing { await close(backing.device) }
    }

    /// Frees whatever table the device has at this moment, page by page and then itself. The kernel's `zram_meta_free`.
    func zramMetaFree() async {
        kernel.enter()
        defer { kernel.leave() }
        guard let table = await table.load() else { return }
        kernel.enter("zram_free_page")
        table.touch()
        kernel.leave()
        kernel.spend("zram_meta_free", units: table.gibibytes)
        kernel.spend("zs_destroy_pool")
        // The pages are freed one by one; what is freed at the end is the table that the device has by then.
        guard let table = await self.table.load(), kernel.current.state != .dead else { return }
        table.free()
        if mutated("a table is freed twice") { table.free() }
    }

    /// Writes back what caches hold. Nobody has the device open, so there is nothing; the name alone differs.
    func sync() {
        kernel.enter(patches.contains(.syncBlockdev) ? "sync_blockdev" : "fsync_bdev")
        kernel.leave()
    }
}
