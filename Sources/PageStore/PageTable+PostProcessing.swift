import Glibc
import SystemPackage

extension PageTable {
    /// Compresses a page anew, with the first compressor of `priorities` that makes it smaller; if none does, up to the
    /// highest that there is, the page is marked incompressible.
    ///
    /// - Parameter threshold: pages shorter than this stay as they are, and no result may be as long; 0 for none.
    /// - Returns: whether an attempt was made, which is what `max_pages` counts.
    /// - Throws: `EIO` if the page cannot be read, or after `free`; an error of the host.
    ///
    /// The kernel function is `recompress_slot`.
    public func recompress(
        page: UInt64, filter: PageFilter, threshold: Int, priorities: Range<Int>
    ) throws(Errno) -> Bool {
        guard page < pages else { throw .invalidArgument }
        let run = page..<(page + 1)
        var attempted = false
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            try reclaimingSpace { () throws(Errno) in
                try locks.withLock(of: page) { () throws(Errno) in
                    guard !isGone else { throw .ioError }
                    let old = map[page]
                    guard filter.admits(old), old.length >= threshold else { return false }
                    attempted = true
                    try fetch(run, workspace, isAccess: false)
                    try decode(run, into: workspace.page, workspace)
                    // An entry that was touched is no longer idle.
                    map[page].isIdle = false
                    guard try stageSmaller(page, than: old, threshold, priorities, workspace) else { return false }
                    let openedSegment = try store(run, workspace, isAccess: false)
                    // As the kernel's, which frees the slot before it fills it anew.
                    times?[page] = 0
                    return openedSegment
                }
            }
        }
        return attempted
    }

    /// Stages the page's smaller record; false if there is none.
    private func stageSmaller(
        _ page: UInt64, than old: PageEntry, _ threshold: Int, _ priorities: Range<Int>, _ workspace: Workspace
    ) throws(Errno) -> Bool {
        for priority in priorities where priority > old.priority {
            guard let compressor = secondary[priority] else { continue }
            let payload = workspace.staging + RecordHeader.size
            let length = workspace.compress(workspace.page, to: payload, with: compressor)
            guard length > 0 else { throw .ioError }
            let isHuge = length >= PageGeometry.hugeThreshold
            var entry = PageEntry.stored(offset: 0, length: length, huge: false)
            guard !isHuge, entry.grains < old.grains, threshold == 0 || length < threshold else { continue }
            entry.priority = priority
            workspace.stored = 0
            workspace.staged[0].entry = entry
            workspace.staged[0].position = 0
            workspace.staged[0].span = RecordHeader.span(length: length)
            RecordHeader.stage(
                workspace.staging, table: id, page: page, kind: RecordKind(compressor.algorithm), length: length,
                salt: log.salt)
            return true
        }
        if priorities.upperBound > secondary.count { map[page].isIncompressible = true }
        return false
    }

    /// Moves a page to the backing device.
    ///
    /// - Returns: false if the page no longer is what the filter asks for.
    /// - Throws: `ENODEV` without a backing device, `ENOSPC` if it is full, an error of the host.
    ///
    /// The kernel function is `zram_writeback_slots`, for one slot.
    public func writeBack(page: UInt64, filter: PageFilter) throws(Errno) -> Bool {
        guard let backing else { throw Errno(rawValue: ENODEV) }
        guard page < pages else { throw .invalidArgument }
        guard let block = try takeBlock(backing) else { throw .noSpace }
        var isUsed = false
        defer {
            // Of a record whose write failed there may be enough left for a crash to show.
            if !isUsed { if log.keeps { backing.retire(block) } else { backing.release(block) } }
        }
        if log.keeps {
            isUsed = try recordBack(page, filter, block, backing)
            return isUsed
        }
        let run = page..<(page + 1)
        let old = try log.workspaces.withWorkspace { workspace throws(Errno) in
            try locks.withLock(of: page) { () throws(Errno) -> PageEntry? in
                guard !isGone else { throw .ioError }
                let old = map[page]
                guard filter.admits(old) else { return nil }
                try fetch(run, workspace, isAccess: false)
                try decode(run, into: workspace.page, workspace)
                try backing.write(block, from: workspace.page)
                let entry = PageEntry.writtenBack(block: block)
                accounts.withLock { $0.replace(old, with: entry) }
                map[page] = entry
                times?[page] = 0
                isUsed = true
                return old
            }
        }
        guard let old else { return false }
        withUnsafePointer(to: Extent(offset: old.value, bytes: old.span)) {
            log.release(UnsafeBufferPointer(start: $0, count: 1))
        }
        log.cleanIfNeeded()
        return true
    }
}
