import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// What the text of a writeback asks for.
    struct Writeback {
        var filter = ZramPageFilter()
        var range: Range<UInt64>?

        init() {}

        /// A mode; nil if there is none of that name. The kernel's `parse_mode`.
        init?(mode: String, abi: ABI) {
            switch mode {
            case "idle": filter.isIdle = true
            case "huge": filter.isHuge = true
            case "huge_idle" where abi == .v6_18:
                filter.isIdle = true
                filter.isHuge = true
            case "incompressible" where abi == .v6_18: filter.isIncompressible = true
            default: return nil
            }
        }
    }

    /// Writes pages to the backing device: `idle`, `huge` or `page_index=`; 6.18 also `huge_idle`, `incompressible`,
    /// `type=` before a mode and `page_indexes=LOW-HIGH`.
    ///
    /// - Throws: `EINVAL` for a bad text and before a disksize is set; `ENODEV` with no backing device; `EIO` once the
    ///   limit is used up; `ENOSPC` once the device is full; `EAGAIN` while another post-processing runs (6.18);
    ///   `ERANGE` for pages that there are not (6.18); the last error of the device.
    func writebackStore(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter("writeback_store")
        defer { kernel.leave() }
        if driver.abi == .v5_15 {
            let wanted = try await oldWriteback(bytes)
            try await initLock.withRead { () async throws(Errno) in
                guard isInitialised else { throw .invalidArgument }
                guard await extras.load().backing != nil else { throw .noSuchDevice }
                try await writeBack([wanted])
            }
        } else {
            try await initLock.withRead { () async throws(Errno) in
                guard isInitialised else { throw .invalidArgument }
                try await whileProcessing { () async throws(Errno) in
                    guard await extras.load().backing != nil else { throw .noSuchDevice }
                    try await writeBack(try newWriteback(bytes))
                }
            }
        }
        return bytes.count
    }

    private func oldWriteback(_ bytes: [UInt8]) async throws(Errno) -> Writeback {
        let prefix = Array("page_index=".utf8)
        var text = Parse.cString(bytes)
        if text.starts(with: prefix) {
            let pages = await disksize.loadUnlocked() / Self.pageSize
            guard let index: Int64 = try? Parse.signed(Array(text.dropFirst(prefix.count))), index >= 0,
                UInt64(index) < pages
            else { throw .invalidArgument }
            var wanted = Writeback()
            wanted.range = UInt64(index)..<UInt64(index) + 1
            return wanted
        }
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        guard let wanted = Writeback(mode: String(decoding: text, as: UTF8.self), abi: .v5_15) else {
            throw .invalidArgument
        }
        return wanted
    }

    private func newWriteback(_ bytes: [UInt8]) throws(Errno) -> [Writeback] {
        let pages = disksize.value / Self.pageSize
        var wanted: [Writeback] = []
        for (key, value) in Parse.parameters(bytes) {
            // A word alone, and `type=`, is a mode and ends the list.
            guard let value, !value.isEmpty else { return [try mode(key)] + wanted }
            switch key {
            case "type": return [try mode(value)] + wanted
            case "page_index":
                let index: UInt64 = try Parse.unsigned(Array(value.utf8))
                guard index < pages else { throw .outOfRange }
                wanted.append(Writeback())
                wanted[wanted.count - 1].range = index..<index + 1
            case "page_indexes":
                let parts = value.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { throw .invalidArgument }
                let low: UInt64 = try Parse.unsigned(Array(parts[0].utf8))
                let high: UInt64 = try Parse.unsigned(Array(parts[1].utf8))
                guard low <= high, high < pages else { throw .outOfRange }
                wanted.append(Writeback())
                wanted[wanted.count - 1].range = low..<high + 1
            default: break
            }
        }
        return wanted
    }

    private func mode(_ name: String) throws(Errno) -> Writeback {
        guard let mode = Writeback(mode: name, abi: driver.abi) else { throw .invalidArgument }
        return mode
    }

    /// The kernel's `zram_writeback_slots`.
    private func writeBack(_ wanted: [Writeback]) async throws(Errno) {
        guard let pool = await pool() else { return }
        var failure: Errno?
        var pause = Pause(kernel)
        for one in wanted {
            for page in pool.select(one.filter, in: one.range) {
                let limit = await writebackLimit.load()
                if limit.isOn, limit.pages == 0 { throw .ioError }
                do throws(Errno) {
                    if try pool.writeBack(page: page, filter: one.filter) {
                        await writebackLimit.update { if $0.isOn, $0.pages > 0 { $0.pages -= 1 } }
                    }
                } catch {
                    // A full device ends it; after an error of the device the next page is tried.
                    if error == .noSpace { throw error }
                    failure = error
                }
                await pause.ifDue()
            }
        }
        if let failure { throw failure }
    }
}
