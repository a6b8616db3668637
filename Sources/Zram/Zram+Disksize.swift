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
                if isInitialised {
                    log(.info, "Cannot change disksize for initialized device")
                    throw .resourceBusy
                }
                try await initialise((size &+ Self.pageSize - 1) & ~(Self.pageSize - 1))
            }
        }
        return bytes.count
    }

    private func initialise(_ size: UInt64) async throws(Errno) {
        let name = await compressor.load()
        let table = try zramMetaAlloc(size, name)
        let comp: Zcomp
        do throws(Errno) {
            comp = try await Zcomp.create(name, driver)
        } catch {
            log(.error, "Cannot initialise \(name) compressing backend")
            table.free()
            throw error
        }
        await self.table.store(table)
        await self.comp.store(comp)
        table.pool.setLimit(pages: limitPages.value)
        disksize.value = size
        disk.data.set(table.pool, size: size)
        disk.setCapacityAndNotify(size >> 9)
    }

    private func zramMetaAlloc(_ size: UInt64, _ name: String) throws(Errno) -> ZramTable {
        guard size != 0 else { throw .noMemory }
        let algorithm = driver.memory.algorithms.first { Parse.equals(Array(name.utf8), $0) } ?? driver.defaultAlgorithm
        let pool = try driver.memory.makePool(disk: disk.name, pages: size / Self.pageSize, algorithm: algorithm)
        return ZramTable(kernel, module: driver.module, pool: pool)
    }
}
