import DriverModel
import KernelCore
import SystemPackage

extension Zram {
    /// A mode; nil if there is none of that name. The kernel's `parse_mode`.
    private func selection(mode: String) -> ZramPageSelection? {
        var selection = ZramPageSelection()
        switch mode {
        case "idle": selection.filter.isIdle = true
        case "huge": selection.filter.isHuge = true
        case "huge_idle" where driver.abi == .v6_18:
            selection.filter.isIdle = true
            selection.filter.isHuge = true
        case "incompressible" where driver.abi == .v6_18: selection.filter.isIncompressible = true
        default: return nil
        }
        return selection
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
                try await writeBackInOrder(wanted)
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

    private func oldWriteback(_ bytes: [UInt8]) async throws(Errno) -> ZramPageSelection {
        let prefix = Array("page_index=".utf8)
        var text = Parse.cString(bytes)
        if text.starts(with: prefix) {
            let pages = await disksize.loadUnlocked() / Self.pageSize
            guard let index: Int64 = try? Parse.signed(Array(text.dropFirst(prefix.count))), index >= 0,
                UInt64(index) < pages
            else { throw .invalidArgument }
            var wanted = ZramPageSelection()
            wanted.range = UInt64(index)..<UInt64(index) + 1
            return wanted
        }
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        guard let wanted = selection(mode: String(decoding: text, as: UTF8.self)) else {
            throw .invalidArgument
        }
        return wanted
    }

    private func newWriteback(_ bytes: [UInt8]) throws(Errno) -> [ZramPageSelection] {
        let pages = disksize.value / Self.pageSize
        var wanted: [ZramPageSelection] = []
        for (key, value) in Parse.parameters(bytes) {
            // A word alone, and `type=`, is a mode and ends the list.
            guard let value, !value.isEmpty else { return wanted + [try mode(key)] }
            switch key {
            case "type": return wanted + [try mode(value)]
            case "page_index":
                let index: UInt64 = try Parse.unsigned(Array(value.utf8))
                guard index < pages else { throw .outOfRange }
                wanted.append(ZramPageSelection())
                wanted[wanted.count - 1].range = index..<index + 1
            case "page_indexes":
                let parts = value.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { throw .invalidArgument }
                let low: UInt64 = try Parse.unsigned(Array(parts[0].utf8))
                let high: UInt64 = try Parse.unsigned(Array(parts[1].utf8))
                guard low <= high, high < pages else { throw .outOfRange }
                wanted.append(ZramPageSelection())
                wanted[wanted.count - 1].range = low..<high + 1
            default: break
            }
        }
        return wanted
    }

    private func mode(_ name: String) throws(Errno) -> ZramPageSelection {
        guard let mode = selection(mode: name) else { throw .invalidArgument }
        return mode
    }

    /// The loop of 5.15's `writeback_store`: page by page, and before it looks at one it wants leave and a block.
    private func writeBackInOrder(_ wanted: ZramPageSelection) async throws(Errno) {
        guard let pool = await pool(), let backing = await extras.load().backing?.device else { return }
        var range = wanted.range ?? 0..<disksize.value / Self.pageSize
        var failure: Errno?
        var pause = Pause(kernel)
        while !range.isEmpty {
            let limit = await writebackLimit.load()
            if limit.isOn, limit.pages == 0 { throw .ioError }
            if backing.isFull { throw .noSpace }
            guard let page = pool.next(wanted.filter, in: range) else { break }
            do throws(Errno) {
                try await writeBack(page, wanted.filter, pool)
            } catch {
                failure = error
            }
            range = page + 1..<range.upperBound
            await pause.ifDue()
        }
        if let failure { throw failure }
    }

    /// The kernel's `zram_writeback_slots`: of all selections the largest pages first.
    private func writeBack(_ wanted: [ZramPageSelection]) async throws(Errno) {
        guard let pool = await pool() else { return }
        var failure: Errno?
        var pause = Pause(kernel)
        for (page, selection) in pool.select(wanted) {
            let limit = await writebackLimit.load()
            if limit.isOn, limit.pages == 0 { throw .ioError }
            do throws(Errno) {
                try await writeBack(page, wanted[selection].filter, pool)
            } catch {
                // A full device ends it; after an error of the device the next page is tried.
                if error == .noSpace { throw error }
                failure = error
            }
            await pause.ifDue()
        }
        if let failure { throw failure }
    }

    private func writeBack(_ page: UInt64, _ filter: ZramPageFilter, _ pool: any ZramPool) async throws(Errno) {
        let isWritten = try await HostCall.run(kernel, "submit_bio_wait") { () throws(Errno) in
            try pool.writeBack(page: page, filter: filter)
        }
        guard isWritten else { return }
        await writebackLimit.update { if $0.isOn, $0.pages > 0 { $0.pages -= 1 } }
    }
}
