import Synchronization
import SystemPackage

extension PageTable {
    /// Drops all pages, gives their space back to the host, and takes the table out of the image.
    ///
    /// Waits for the operations that are under way; later ones throw `EIO`. A second call does nothing. The kernel
    /// function is `zram_meta_free`.
    public func free() {
        if log.keeps {
            // The table is gone for good before the first of its records is.
            guard !isGone else { return }
            // Under a page lock, as `setLimit`.
            locks.withLock(of: 0) { directory.remove(id) }
        }
        guard detach(releasing: true) else { return }
        log.tables.withLock { $0[id] = nil }
        if !log.keeps { directory.remove(id) }
        // The host has its blocks back when this returns.
        log.keeper?.wait()
    }

    /// Unmaps the table while nobody is inside; false if that was done before.
    ///
    /// - Parameter releasing: whether the pages are dropped, or left in the image for whoever checks it.
    @discardableResult
    func detach(releasing: Bool) -> Bool {
        locks.withAll {
            guard !isGone else { return false }
            if log.keeps, !releasing { digest.store(RecordDigest(of: self).sum, ordering: .releasing) }
            if releasing {
                releaseAll()
                accounts.withLock { $0 = Accounts() }
            }
            markGone()
            map.unmap()
            times?.unmap()
            // As the image's own: whoever opens the image next opens its device, too.
            if log.keeps { backing?.file.unlock() }
            return true
        }
    }

    private func releaseAll() {
        var extents: [Extent] = []
        map.forEachRun(in: 0..<pages) { run in
            guard map.isTouched(run.lowerBound) else { return }
            for page in run {
                let entry = map[page]
                if entry.isWrittenBack, !log.keeps { backing?.release(entry.value) }
                if entry.hasRecord { extents.append(Extent(offset: entry.value, bytes: entry.span)) }
            }
            if extents.count > 4096 {
                extents.withUnsafeBufferPointer { log.release($0) }
                extents.removeAll(keepingCapacity: true)
            }
        }
        extents.withUnsafeBufferPointer { log.release($0) }
        if log.keeps { backing?.releaseAll() }
    }
}
