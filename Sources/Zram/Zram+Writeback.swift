import DriverModel
import Glibc
import KernelCore
import SystemPackage

extension Zram {
    /// `none`: no backing device can be set yet.
    func backingDevShow() async throws(Errno) -> String {
        kernel.enter("backing_dev_show")
        defer { kernel.leave() }
        return await initLock.withRead { "none\n" }
    }

    /// Names a block device for pages that are written back.
    ///
    /// - Throws: `EBUSY` once a disksize is set; what opening the file says; `ENOTBLK` for a file that is no block
    ///   device; `EOPNOTSUPP` for one that is: writing back is not built.
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
            var status = stat()
            guard stat(path, &status) == 0 else { throw Errno(rawValue: errno) }
            guard status.st_mode & S_IFMT == S_IFBLK else { throw .notBlockDevice }
            throw .notSupportedOnSocket
        }
        return bytes.count
    }

    /// Writes idle or huge pages, or one page, to the backing device.
    ///
    /// - Throws: `EINVAL` for a bad text and before a disksize is set; `ENODEV` with no backing device.
    func writebackStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("writeback_store")
        defer { kernel.leave() }
        let pages = Array("page_index=".utf8)
        let text = Parse.cString(bytes)
        if text.starts(with: pages) {
            guard let index: Int64 = try? Parse.signed(Array(text.dropFirst(pages.count))),
                await isPage(index)
            else { throw .invalidArgument }
        } else if !Parse.equals(bytes, "idle"), !Parse.equals(bytes, "huge") {
            throw .invalidArgument
        }
        try await initLock.withRead { () async throws(Errno) in
            guard isInitialised else { throw .invalidArgument }
            throw .noSuchDevice
        }
        return bytes.count
    }

    private func isPage(_ index: Int64) async -> Bool {
        let size = await disksize.loadUnlocked()
        return index >= 0 && UInt64(index) < size / Self.pageSize
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
