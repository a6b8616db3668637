extension PageTable {
    /// Drops one page: it reads as zeroes from now on. Beyond the end, and after `free`, nothing happens.
    ///
    /// The kernel function is `zram_slot_free_notify`.
    public func discard(page: UInt64) {
        guard page < pages else { return }
        discard(pages: page..<(page + 1))
    }

    /// Drops a range of pages, cheaply where nothing is stored; the part beyond the end is left out.
    ///
    /// The kernel function is `zram_bio_discard`.
    public func discard(pages range: Range<UInt64>) {
        let range = range.clamped(to: 0..<pages)
        map.forEachRun(in: range) { run in discardRun(run) }
        log.cleanIfNeeded()
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
