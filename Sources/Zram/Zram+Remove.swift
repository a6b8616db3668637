import DriverModel
import KernelCore
import KernelModule
import Kernfs
import SystemPackage

extension Zram {
    /// Removes the device: its data, its files (each drained), itself.
    ///
    /// - Throws: `EBUSY` if it is open; without `remove-ignores-claim` also if a reset holds the claim.
    ///
    /// The corresponding kernel function is `zram_remove`.
    func zramRemove() async throws(Errno) {
        kernel.enter()
        defer { kernel.leave() }
        touch()
        var claimed = false
        if patches.contains(.openMutexOverReset) {
            try await disk.openMutex.withLock { () async throws(Errno) in
                guard disk.openers.value == 0 else { throw .resourceBusy }
                await unregisterDebugfs()
                sync()
                await zramResetDevice()
            }
        } else {
            try await disk.openMutex.withLock { () async throws(Errno) in
                guard disk.openers.value == 0 || mutated("remove ignores openers") else { throw .resourceBusy }
                claimed = claim.value
                if claimed, !patches.contains(.removeIgnoresClaim), !mutated("remove ignores the claim") {
                    throw .resourceBusy
                }
                if !mutated("remove claims nothing") { claim.value = true }
            }
            await unregisterDebugfs()
            // A reset that holds the claim does the work; del_gendisk waits for it.
            if !claimed || mutated("remove resets in spite of a claim") {
                sync()
                await zramResetDevice()
            }
        }
        log(.info, "Removed device: \(disk.name)")
        if mutated("second reset before del_gendisk") { await zramResetDevice() }
        if mutated("device freed before del_gendisk") { free() }
        if mutated("disk freed before del_gendisk") { disk.cleanUp() }
        await disk.delete()
        if claimed, await isClaimed() {
            kernel.warn("claim-left", "", at: "drivers/block/zram/zram_drv.c:2008", in: "zram_remove")
        }
        if patches.contains(.resetAfterDelGendisk), !mutated("no second reset"),
            !mutated("second reset before del_gendisk")
        {
            await zramResetDevice()
        }
        if !mutated("disk not freed"), !mutated("disk freed before del_gendisk") { disk.cleanUp() }
        if !mutated("device not freed"), !mutated("device freed before del_gendisk") { free() }
    }

    private func isClaimed() async -> Bool {
        await disk.openMutex.lock()
        let isClaimed = claim.value
        await disk.openMutex.unlock()
        return isClaimed
    }

    /// Removes the device by its own file: `echo 0 > zram0/hot_remove`.
    ///
    /// It lets go of its own active reference first, pinned by the module alone, so that the removal does not wait
    /// for itself; then it looks whether the device is still there.
    /// - Throws: `EINVAL` for another device's number; `ENODEV` if somebody else removed it or the module is going;
    ///   `EBUSY` if it is open.
    func selfRemoveStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("zram_hot_remove_store")
        defer { kernel.leave() }
        let id: Int32 = try Parse.signed(bytes)
        guard Int(id) == index else { throw .invalidArgument }
        if patches.contains(.naiveSelfRemove) || mutated("self removal is a plain one") {
            try await driver.hotRemove(index)
            return bytes.count
        }
        let driver = driver
        let node = disk.node?.child("hot_remove")
        guard await driver.module.tryGet() else { throw .noSuchDevice }
        if !mutated("self removal keeps its reference") { await node?.breakActiveProtection() }
        do throws(Errno) {
            try await driver.hotRemove(index)
        } catch {
            await node?.unbreakActiveProtection()
            await driver.module.put()
            throw error
        }
        await node?.unbreakActiveProtection()
        await driver.module.put()
        return bytes.count
    }
}
