import SystemPackage

/// What is left to do for an image that is kept when its host has no block to give and the reserve is spent: dead records
/// become holes where they are, and nothing has to move.
extension SegmentLog {
    private struct Dead {
        var segment: Int
        var ranges: [Range<Int>]
        /// Of its summary.
        var tail: Range<Int>
    }

    /// Gives blocks of dead records back to the host; the caller is the cleaner.
    /// - Parameter wanted: bytes that are enough.
    /// - Returns: whether the host got any.
    func trim(_ wanted: Int) -> Bool {
        guard keeps, let before = try? file.allocated() else { return false }
        trimHead()
        trimDead(wanted)
        return (try? file.allocated() < before) ?? false
    }

    /// What the cleaner has gained, and not yet used, is in the segment that it appends to: nobody else may.
    private func trimHead() {
        state.withLock { state in
            let index = state.heads[LogState.Head.cleaner.rawValue]
            guard index != 0 else { return }
            // Under the lock, because a dropped page may be noted there.
            let tail = Self.blocks(in: state.segments[index].used..<LogState.segmentSize)
            let start = UInt64(index) * UInt64(LogState.segmentSize)
            file.punch(at: start + UInt64(tail.lowerBound), count: UInt64(tail.count))
        }
    }

    private func trimDead(_ wanted: Int) {
        var found: [Dead] = []
        var bytes = 0
        while bytes < wanted, let victim = state.withLock({ $0.pickVictim(gain: LogState.leastGain) }) {
            let ranges = (try? deadRanges(of: victim)) ?? []
            found.append(Dead(segment: victim, ranges: ranges, tail: (try? summary(of: victim)) ?? 0..<0))
            bytes += ranges.reduce(0) { $0 + Self.blocks(in: $1).count }
        }
        defer { for dead in found { state.withLock { $0.finishCleaning(dead.segment, moved: false) } } }
        guard bytes > 0 else { return }
        do {
            // What took their place must be on the host's disk; then nothing may say any more that they are here.
            try synchronize()
            for dead in found { try disown(dead.segment) }
            state.withLock { $0.expectGaps(in: found.map(\.segment)) }
            for _ in 0..<2 { try synchronize() }
            for dead in found { try empty(dead) }
        } catch {
            // What is not empty by now stays, until the host can be relied on again.
        }
    }

    private func empty(_ dead: Dead) throws(Errno) {
        let start = UInt64(dead.segment) * UInt64(LogState.segmentSize)
        if !dead.tail.isEmpty { try file.zero(at: start + UInt64(dead.tail.lowerBound), count: dead.tail.count) }
        for range in dead.ranges {
            let blocks = Self.blocks(in: range)
            // The host has the blocks at the ends, for there are other records in them.
            for end in [range.lowerBound..<blocks.lowerBound, blocks.upperBound..<range.upperBound] where !end.isEmpty {
                try file.zero(at: start + UInt64(end.lowerBound), count: end.count)
            }
            if !blocks.isEmpty { file.punch(at: start + UInt64(blocks.lowerBound), count: UInt64(blocks.count)) }
        }
    }

    private func summary(of segment: Int) throws(Errno) -> Range<Int> {
        let size = SegmentSummary.footerSize
        let footer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
        defer { footer.deallocate() }
        let end = UInt64(segment + 1) * UInt64(LogState.segmentSize)
        guard try file.readAvailable(at: end - UInt64(size), into: footer, count: size) == size,
            let bytes = SegmentSummary.size(at: footer + size)
        else { return 0..<0 }
        return LogState.segmentSize - bytes..<LogState.segmentSize
    }

    /// The whole blocks of the host in a range.
    private static func blocks(in range: Range<Int>) -> Range<Int> {
        let size = 4096
        let first = (range.lowerBound + size - 1) / size * size
        return first..<max(first, range.upperBound / size * size)
    }

    /// Where there are intact records that no page is in, neighbours together.
    private func deadRanges(of segment: Int) throws(Errno) -> [Range<Int>] {
        let start = UInt64(segment) * UInt64(LogState.segmentSize)
        let used = state.withLock { $0.segments[segment].used }
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: LogState.segmentSize, alignment: 4096)
        defer { buffer.deallocate() }
        try file.read(at: start, into: buffer, count: used)
        let known = tables.withLock { $0 }
        var ranges: [Range<Int>] = []
        var walk = RecordWalk(bytes: buffer, count: used, salt: salt)
        while let (position, header) = walk.next() {
            let end = position + header.span
            if known[header.table]?.points(page: header.page, to: start + UInt64(position)) == true { continue }
            if let last = ranges.last, last.upperBound == position {
                ranges[ranges.count - 1] = last.lowerBound..<end
            } else {
                ranges.append(position..<end)
            }
        }
        return ranges.filter { !Self.blocks(in: $0).isEmpty }
    }
}
