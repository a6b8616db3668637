extension PageTable {
    /// Marks pages idle, until they are next read or written.
    ///
    /// - Parameters:
    ///   - age: only pages that were not accessed for so many seconds; the others lose the mark. nil: all.
    ///   - inMemoryOnly: leaves out same-filled pages and those on the backing device, as kernels since 6.12 do.
    ///
    /// The kernel function is `mark_idle`.
    public func markIdle(age: UInt64? = nil, inMemoryOnly: Bool = false) {
        let now = AccessTimes.now
        let cutoff = age.map { age in
            let (ticks, overflow) = age.multipliedReportingOverflow(by: AccessTimes.ticksPerSecond)
            return Int64(now) - (overflow ? .max / 2 : Int64(min(ticks, UInt64(Int64.max / 2))))
        }
        forEachTouchedRun { run in
            for page in run {
                var entry = map[page]
                guard !entry.isEmpty else { continue }
                entry.isIdle =
                    (entry.isStored || !inMemoryOnly) && (cutoff.map { Int64(times?[page] ?? 0) < $0 } ?? true)
                map[page] = entry
            }
        }
    }

    /// Whether a stored page was not accessed since `markIdle`: the `i` of the kernel's `block_state`.
    public func isIdle(page: UInt64) -> Bool {
        guard page < pages else { return false }
        return locks.withLock(of: page) { !isGone && map[page].isIdle }
    }

    /// The pages that are stored, in order. The kernel function is `read_block_state`.
    public func states() -> [PageState] {
        var states: [PageState] = []
        forEachTouchedRun { run in
            for page in run {
                let entry = map[page]
                guard !entry.isEmpty else { continue }
                states.append(
                    PageState(
                        page: page, ticks: times?[page] ?? 0, isSame: entry.isSame, isWrittenBack: entry.isWrittenBack,
                        isHuge: entry.isHuge, isIdle: entry.isIdle, isRecompressed: entry.priority > 0,
                        isIncompressible: entry.isIncompressible))
            }
        }
        return states
    }

    /// The pages that selections admit, each with the first selection that does, the largest records first.
    ///
    /// The kernel functions are `scan_slots_for_writeback`, `place_pp_slot` and `select_pp_slot`: all selections go into the same
    /// buckets of 64 bytes, and within one the slot that was found last goes first.
    public func select(_ selections: [PageSelection]) -> [(page: UInt64, selection: Int)] {
        var buckets = [[(page: UInt64, selection: Int)]](repeating: [], count: PageGeometry.pageSize / 64 + 1)
        for (number, selection) in selections.enumerated() {
            forEachTouchedRun(in: selection.range ?? 0..<pages) { run in
                for page in run where selection.filter.admits(map[page]) {
                    buckets[map[page].length / 64].append((page, number))
                }
            }
        }
        return buckets.reversed().flatMap { $0.reversed() }
    }

    /// The first page from one on that a filter admits; nil if there is none.
    public func next(_ filter: PageFilter, in range: Range<UInt64>) -> UInt64? {
        var found: UInt64?
        var start = range.lowerBound
        while found == nil, start < min(range.upperBound, pages) {
            let end = min(
                range.upperBound, (start / UInt64(PageGeometry.runLength) + 1) * UInt64(PageGeometry.runLength))
            forEachTouchedRun(in: start..<end) { run in found = run.first { filter.admits(map[$0]) } }
            start = end
        }
        return found
    }

    /// Calls the body under the lock of each run that ever had pages.
    private func forEachTouchedRun(in range: Range<UInt64>? = nil, _ body: (Range<UInt64>) -> Void) {
        map.forEachRun(in: (range ?? 0..<pages).clamped(to: 0..<pages)) { run in
            locks.withLock(of: run.lowerBound) {
                guard !isGone, map.isTouched(run.lowerBound) else { return }
                body(run)
            }
        }
    }
}
