import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// The size in bytes, read without a lock.
    func disksizeShow() async throws(Errno) -> String {
        kernel.enter("disksize_show")
        defer { kernel.leave() }
        return "\(await disksize.loadUnlocked())\n"
    }

    /// Initialises the device with a size, as `echo 256M > disksize`.
    ///
    /// - Throws: `EINVAL` for 0; `EBUSY` if it is initialised; `ENOMEM`; what the compressor says; `ENODEV` under
    ///   `zram-up` once the module is going.
    func disksizeStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("disksize_store")
        defer { kernel.leave() }
        try await driver.whileUp { () async throws(Errno) in
            let size = Parse.memory(bytes).value
            guard size != 0 else { throw .invalidArgument }
            try await initLock.withWrite { () async throws(Errno) in
                if isInitialised, !mutated("disksize does not look whether there is a size") {
                    log(.info, "Cannot change disksize for initialized device")
                    throw .resourceBusy
                }
                try await initialise((size &+ Self.pageSize - 1) & ~(Self.pageSize - 1))
            }
        }
        return bytes.count
    }

    /// Brings back what the image has kept of the disk: its size, its compressor, its limit, its backing device, its data. Nothing of the
    /// kernel's: a disk that outlives its module is the laboratory's.
    func restore(_ kept: ZramKeptPool) async {
        do throws(Errno) {
            try await initLock.withWrite { () async throws(Errno) in
                if isInitialised { throw .resourceBusy }
                await compressor.store(kept.algorithm)
                limitPages.value = kept.limitPages
                if let backing = kept.backing { await extras.update { $0.backing = backing } }
                try await initialise(kept.pages * Self.pageSize, kept.pool)
            }
            log(.info, "\(disk.name): its image kept \(kept.pages * Self.pageSize) bytes")
        } catch {
            log(.error, "\(disk.name): what its image kept stays there: \(error)")
            if kept.backing != nil { await extras.update { $0.backing = nil } }
            kept.pool.giveBack()
        }
    }

    private func initialise(_ size: UInt64, _ kept: (any ZramPool)? = nil) async throws(Errno) {
        let name = await compressor.load()
        // With one compressor and nothing else there is nothing to look at: a step less to explore.
        let extras = self.extras.unchecked.isPlain ? ZramExtras() : await self.extras.load()
        let table: ZramTable
        if let kept {
            table = ZramTable(kernel, module: driver.module, pool: kept, size: size)
        } else {
            table = try zramMetaAlloc(size, name, extras)
            kernel.spend("vzalloc", units: table.gibibytes)
            kernel.spend("zs_create_pool")
        }
        // The kernel's zram_meta_alloc: whoever reads the table without the lock finds it before there is a compressor.
        if mutated("size set before the table") { disksize.value = size }
        await self.table.store(table)
        let comp: Zcomp
        var comps: [Zcomp] = []
        do throws(Errno) {
            comp = try await create(name)
            do throws(Errno) {
                for (_, name) in extras.names.sorted(by: { $0.key < $1.key }) { comps.append(try await create(name)) }
            } catch {
                for other in comps { await other.destroy() }
                await comp.destroy()
                throw error
            }
        } catch {
            if kept == nil { await zramMetaFree() } else { table.giveBack() }
            throw error
        }
        await self.comp.store(comp)
        if !comps.isEmpty { await self.extras.update { $0.comps = comps } }
        disksize.value = size
        disk.data.set(table.pool, size: size)
        disk.setCapacityAndNotify(size >> 9)
    }

    private func create(_ name: String) async throws(Errno) -> Zcomp {
        do throws(Errno) {
            return try await Zcomp.create(name, driver)
        } catch {
            log(.error, "Cannot initialise \(name) compressing backend")
            throw error
        }
    }

    private func zramMetaAlloc(_ size: UInt64, _ name: String, _ extras: ZramExtras) throws(Errno) -> ZramTable {
        guard size != 0 else { throw .noMemory }
        let first = driver.memory.algorithms.first { Parse.equals(Array(name.utf8), $0) } ?? driver.defaultAlgorithm
        var request = ZramPoolRequest(
            disk: disk.name, pages: size / Self.pageSize, limitPages: limitPages.value,
            compressors: [0: (first, extras.levels[0])], backing: extras.backing?.device)
        for (priority, name) in extras.names { request.compressors[priority] = (name, extras.levels[priority]) }
        return ZramTable(kernel, module: driver.module, pool: try driver.memory.makePool(request), size: size)
    }
}
