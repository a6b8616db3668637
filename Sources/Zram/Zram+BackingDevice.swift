import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// `none`, or the path of the backing device.
    func backingDevShow() async throws(Errno) -> String {
        kernel.enter("backing_dev_show")
        defer { kernel.leave() }
        return await initLock.withRead { (await extras.load().backing?.path ?? "none") + "\n" }
    }

    /// Names a block device, or a file that stands for one, for pages that are written back.
    ///
    /// - Throws: `EBUSY` once a disksize is set, and if somebody else has the device; what opening it says; `ENOTBLK`
    ///   for what cannot be one; `EINVAL` if there is no room on it.
    func backingDevStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("backing_dev_store")
        defer { kernel.leave() }
        var text = Parse.cString(bytes)
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        let path = String(decoding: text, as: UTF8.self)
        try await initLock.withWrite { () async throws(Errno) in
            if isInitialised {
                log(.info, "Can't setup backing device for initialized device")
                throw .resourceBusy
            }
            let old = await extras.load().backing?.device
            // 5.15 claims the device for itself, and may do so twice; later kernels open it exclusively anew.
            let opening = driver.memory.backing(path, inPlaceOf: driver.abi == .v5_15 ? old : nil)
            let device = try await HostCall.run(kernel, "blkdev_get_by_path", opening)
            await extras.update { $0.backing = (device, path) }
            if let old { await close(old) }
            log(.info, "setup backing device \(path)")
        }
        return bytes.count
    }

    /// How many more pages may be written back.
    func writebackLimitShow() async throws(Errno) -> String {
        kernel.enter("writeback_limit_show")
        defer { kernel.leave() }
        return await initLock.withRead { "\(await writebackLimit.load().pages)\n" }
    }

    /// Sets it, in units of 4 KiB.
    ///
    /// - Throws: `EINVAL` for any text that is no number.
    func writebackLimitStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("writeback_limit_store")
        defer { kernel.leave() }
        guard let pages: UInt64 = try? Parse.unsigned(bytes) else { throw .invalidArgument }
        await initLock.withRead { await setWriteback { $0.pages = pages } }
        return bytes.count
    }

    /// 1 if the limit counts.
    func writebackLimitEnableShow() async throws(Errno) -> String {
        kernel.enter("writeback_limit_enable_show")
        defer { kernel.leave() }
        return await initLock.withRead { await writebackLimit.load().isOn ? "1\n" : "0\n" }
    }

    /// Switches it: 0 off, any other number on.
    ///
    /// - Throws: `EINVAL` for any text that is no number.
    func writebackLimitEnableStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("writeback_limit_enable_store")
        defer { kernel.leave() }
        guard let value: UInt64 = try? Parse.unsigned(bytes) else { throw .invalidArgument }
        await initLock.withRead { await setWriteback { $0.isOn = value != 0 } }
        return bytes.count
    }

    /// Pages on the backing device, reads from it, writes to it.
    func bdStatShow() async throws(Errno) -> String {
        kernel.enter("bd_stat_show")
        defer { kernel.leave() }
        return await initLock.withRead {
            let (count, reads, writes) = await extras.load().backing?.device.statistics ?? (0, 0, 0)
            return "\(column(count)) \(column(reads)) \(column(writes))\n"
        }
    }

    /// Lets a backing device go, which may have something to say to that.
    func close(_ backing: any ZramBacking) async {
        try? await HostCall.run(kernel, "blkdev_put") { () throws(Errno) in backing.close() }
    }

    /// Under the kernel's `wb_limit_lock`, a spinlock: one step.
    private func setWriteback(_ change: (inout WritebackLimit) -> Void) async {
        await writebackLimit.update { change(&$0) }
    }
}

/// How much may be written back. The kernel's `bd_wb_limit` and `wb_limit_enable`.
struct WritebackLimit: Fingerprinted {
    var pages: UInt64 = 0
    var isOn = false
    var fingerprint: UInt64 { mix(pages, isOn.fingerprint) }
}
