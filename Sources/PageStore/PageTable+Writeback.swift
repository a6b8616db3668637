import Glibc
import SystemPackage

extension PageTable {
    /// Moves a page to the backing device.
    ///
    /// No lock that a reader or a writer needs is held while the device takes its time.
    ///
    /// - Returns: false if the page no longer is what the filter asks for, or was accessed meanwhile.
    /// - Throws: `ENODEV` without a backing device, `ENOSPC` if it is full, an error of the host.
    ///
    /// The kernel function is `zram_writeback_slots`, for one slot.
    public func writeBack(page: UInt64, filter: PageFilter) throws(Errno) -> Bool {
        guard let backing else { throw Errno(rawValue: ENODEV) }
        guard page < pages else { throw .invalidArgument }
        // One at a time: whoever finds the page marked knows that he marked it.
        return try backing.writeback.withLock { _ throws(Errno) in
            guard let block = try takeBlock(backing) else { throw .noSpace }
            var isUsed = false
            defer {
                // Of a record whose write failed there may be enough left for a crash to show.
                if !isUsed { if log.keeps { backing.retire(block) } else { backing.release(block) } }
            }
            isUsed = try log.workspaces.withWorkspace { workspace throws(Errno) in
                guard try take(page, filter, workspace) else { return false }
                defer { leave(page) }
                try backing.write(block, from: workspace.page)
                if log.keeps { return try recordBack(page, block, backing, workspace) }
                return try swing(page, to: block)
            }
            return isUsed
        }
    }

    /// Copies a page that the filter admits to `workspace.page`, and marks it.
    private func take(_ page: UInt64, _ filter: PageFilter, _ workspace: Workspace) throws(Errno) -> Bool {
        let run = page..<(page + 1)
        return try locks.withLock(of: page) { () throws(Errno) in
            guard !isGone else { throw .ioError }
            guard filter.admits(map[page]) else { return false }
            try fetch(run, workspace, isAccess: false)
            try decode(run, into: workspace.page, workspace)
            map[page].isUnderWriteback = true
            return true
        }
    }

    /// Takes the mark off, if it is still there.
    private func leave(_ page: UInt64) {
        locks.withLock(of: page) { if !isGone, map[page].isUnderWriteback { map[page].isUnderWriteback = false } }
    }

    /// Points a page of a volatile image to its block, unless it was accessed meanwhile.
    private func swing(_ page: UInt64, to block: UInt64) throws(Errno) -> Bool {
        let old = try locks.withLock(of: page) { () throws(Errno) -> PageEntry? in
            guard !isGone else { throw .ioError }
            let old = map[page]
            guard old.isUnderWriteback else { return nil }
            let entry = PageEntry.writtenBack(block: block)
            accounts.withLock { $0.replace(old, with: entry) }
            map[page] = entry
            times?[page] = 0
            return old
        }
        guard let old else { return false }
        withUnsafePointer(to: Extent(offset: old.value, bytes: old.span)) {
            log.release(UnsafeBufferPointer(start: $0, count: 1))
        }
        log.cleanIfNeeded()
        return true
    }

    /// Says in the log that a page is in its block now, unless it was accessed meanwhile.
    ///
    /// The page is on the device's disk before the record is written: whichever record a crash leaves, its page is there.
    private func recordBack(
        _ page: UInt64, _ block: UInt64, _ backing: BackingFile, _ workspace: Workspace
    ) throws(Errno) -> Bool {
        try backing.file.synchronize()
        let sum = Checksum.of(workspace.page, count: PageGeometry.pageSize, seed: log.salt)
        var isMoved = false
        try reclaimingSpace { () throws(Errno) in
            try locks.withLock(of: page) { () throws(Errno) in
                guard !isGone else { throw .ioError }
                guard map[page].isUnderWriteback else { return false }
                BackedPage(block: block, sum: sum).write(to: workspace.staging + RecordHeader.size)
                RecordHeader.stage(
                    workspace.staging, table: id, page: page, kind: .writtenBack, length: BackedPage.size,
                    salt: log.salt)
                workspace.stored = 0
                workspace.staged[0].entry = .recordedBack(offset: 0)
                workspace.staged[0].position = 0
                workspace.staged[0].span = RecordHeader.span(length: BackedPage.size)
                let openedSegment = try store(page..<(page + 1), workspace, isAccess: false)
                times?[page] = 0
                isMoved = true
                return openedSegment
            }
        }
        return isMoved
    }
}
