import SystemPackage

extension PageTable {
    /// Drops one page: it reads as zeroes from now on. Beyond the end, and after `free`, nothing happens.
    ///
    /// - Throws: as for a range.
    ///
    /// The kernel function is `zram_slot_free_notify`.
    public func discard(page: UInt64) throws(Errno) {
        guard page < pages else { return }
        try discard(pages: page..<(page + 1))
    }

    /// Drops a range of pages, cheaply where nothing is stored; the part beyond the end is left out.
    ///
    /// - Throws: `ENOSPC`, or another error of the host, if the image is kept and cannot take note of it; the pages up
    ///   to there are dropped.
    ///
    /// The kernel function is `zram_bio_discard`.
    public func discard(pages range: Range<UInt64>) throws(Errno) {
        let range = range.clamped(to: 0..<pages)
        var failure: Errno?
        map.forEachRun(in: range) { run in
            guard failure == nil else { return }
            do throws(Errno) {
                if log.keeps { try recordDrop(of: run) } else { discardRun(run) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        log.cleanIfNeeded()
    }

    /// Makes zeroes of a range of bytes: whole pages are dropped, parts of pages overwritten. The part beyond the end is
    /// left out.
    /// - Returns: how many pages were dropped.
    /// - Throws: as `write(page:from:)` for a part of a page, and as `discard(pages:)`; the range up to there is zeroes.
    public func zeroRange(byteOffset: UInt64, length: UInt64) throws(Errno) -> UInt64 {
        let size = UInt64(PageGeometry.pageSize)
        let (sum, overflow) = byteOffset.addingReportingOverflow(length)
        let end = min(overflow ? .max : sum, pages << PageGeometry.pageShift)
        guard byteOffset < end else { return 0 }
        let whole = (byteOffset + size - 1) / size..<max(end / size, (byteOffset + size - 1) / size)
        if byteOffset % size != 0 {
            try clear(
                byteOffset / size, from: Int(byteOffset % size), to: Int(min(size, end - byteOffset / size * size)))
        }
        if !whole.isEmpty { try discard(pages: whole) }
        if end % size != 0, end / size >= whole.lowerBound { try clear(end / size, from: 0, to: Int(end % size)) }
        return UInt64(whole.count)
    }

    /// Overwrites a part of a page; one that is not there has nothing to overwrite.
    private func clear(_ page: UInt64, from start: Int, to end: Int) throws(Errno) {
        let run = page..<(page + 1)
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            try reclaimingSpace { () throws(Errno) in
                try withContent(of: page, workspace) { () throws(Errno) in
                    guard map.isTouched(page), !map[page].isEmpty else { return false }
                    (workspace.page + start).initializeMemory(as: UInt8.self, repeating: 0, count: end - start)
                    try stage(run, from: workspace.page, workspace)
                    return try store(run, workspace)
                }
            }
        }
    }

    /// Drops the pages of a run that have records, by newer records that say so: an old one must not come back.
    ///
    /// On a full host these few bytes come out of the room that is kept back for cleaning, which the dropped pages make
    /// good: who has no room must be able to make some.
    private func recordDrop(of run: Range<UInt64>) throws(Errno) {
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            do throws(Errno) {
                try reclaimingSpace { () throws(Errno) in try recordDrop(of: run, workspace, .disks) }
            } catch .noSpace {
                do throws(Errno) {
                    _ = try recordDrop(of: run, workspace, .cleaner)
                } catch .noSpace {
                    guard log.state.withLock({ $0.openReserve() }) else { throw .noSpace }
                    _ = try recordDrop(of: run, workspace, .cleaner)
                }
            }
        }
    }

    private func recordDrop(
        of run: Range<UInt64>, _ workspace: Workspace, _ head: LogState.Head
    ) throws(Errno) -> Bool {
        try locks.withLock(of: run.lowerBound) { () throws(Errno) in
            guard !isGone, map.isTouched(run.lowerBound), run.contains(where: { !map[$0].isEmpty }) else {
                return false
            }
            workspace.stored = 0
            var position = 0
            for page in run {
                let index = Int(page - run.lowerBound)
                if map[page].hasRecord {
                    stage(0, as: .dropped, page: page, index, &position, workspace)
                } else {
                    workspace.staged[index].entry = .empty
                    workspace.staged[index].span = 0
                }
            }
            return try store(run, workspace, isAccess: false, head: head)
        }
    }

    private func discardRun(_ run: Range<UInt64>) {
        log.workspaces.withWorkspace { workspace in
            locks.withLock(of: run.lowerBound) {
                guard !isGone, map.isTouched(run.lowerBound) else { return }
                var dead = 0
                accounts.withLock { counters in
                    for page in run {
                        let entry = map[page]
                        guard !entry.isEmpty else { continue }
                        counters.remove(entry)
                        map[page] = .empty
                        if entry.isWrittenBack { backing?.release(entry.value) }
                        guard entry.isStored else { continue }
                        workspace.released[dead] = Extent(offset: entry.value, bytes: entry.span)
                        dead += 1
                    }
                }
                log.release(UnsafeBufferPointer(start: workspace.released, count: dead))
            }
        }
    }
}
