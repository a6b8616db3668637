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
}
