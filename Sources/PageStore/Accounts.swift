/// The counters of one table.
struct Accounts {
    var pages: UInt64 = 0
    var samePages: UInt64 = 0
    var hugePages: UInt64 = 0
    var hugePagesSince: UInt64 = 0
    var compressedBytes: UInt64 = 0
    var grainBytes: UInt64 = 0
    var maximumPages: UInt64 = 0
    var limitPages: UInt64 = 0
    var pagesCompacted: UInt64 = 0

    /// Memory in use, in pages.
    var usedPages: UInt64 { Self.pages(of: grainBytes) }

    private static func pages(of bytes: UInt64) -> UInt64 {
        (bytes + UInt64(PageGeometry.pageSize) - 1) >> PageGeometry.pageShift
    }

    /// Accounts for an entry that takes the place of another; false if the limit forbids it, and nothing changes but
    /// the maximum.
    ///
    /// - Parameter isLimited: recompression makes pages smaller, and asks no limit.
    ///
    /// As in zram the new object is allocated, and counted into the maximum, while the old one still exists.
    @inline(__always)
    mutating func admit(_ entry: PageEntry, replacing old: PageEntry, isLimited: Bool = true) -> Bool {
        if entry.isStored {
            let peak = Self.pages(of: grainBytes + entry.grains)
            maximumPages = max(maximumPages, peak)
            if isLimited, limitPages != 0, peak > limitPages { return false }
            if entry.isHuge { hugePagesSince += 1 }
        }
        add(entry)
        remove(old)
        return true
    }

    /// Accounts for a page that moves to the backing device.
    mutating func replace(_ old: PageEntry, with entry: PageEntry) {
        add(entry)
        remove(old)
    }

    /// Undoes `admit` for a page whose write failed.
    mutating func revert(_ entry: PageEntry, to old: PageEntry) {
        add(old)
        remove(entry)
        if entry.isHuge { hugePagesSince -= 1 }
    }

    @inline(__always)
    private mutating func add(_ entry: PageEntry) {
        if entry.isEmpty { return }
        pages += 1
        if entry.isSame { samePages += 1 }
        if entry.isHuge { hugePages += 1 }
        compressedBytes += entry.isStored ? UInt64(entry.length) : 0
        grainBytes += entry.grains
    }

    @inline(__always)
    mutating func remove(_ entry: PageEntry) {
        if entry.isEmpty { return }
        pages -= 1
        if entry.isSame { samePages -= 1 }
        if entry.isHuge { hugePages -= 1 }
        compressedBytes -= entry.isStored ? UInt64(entry.length) : 0
        grainBytes -= entry.grains
    }

    var statistics: PageStatistics {
        let page = UInt64(PageGeometry.pageSize)
        var result = PageStatistics()
        result.origDataSize = pages * page
        result.comprDataSize = compressedBytes
        result.memUsedTotal = usedPages * page
        result.memLimit = limitPages * page
        result.memUsedMax = maximumPages * page
        result.samePages = samePages
        result.pagesCompacted = pagesCompacted
        result.hugePages = hugePages
        result.hugePagesSince = hugePagesSince
        return result
    }
}
