/// The choice of what to clean.
extension LogState {
    /// Whether there is more dead weight than an image should carry: half of what lives, and a little slack for small
    /// images; all that can be had when the image is about to be full.
    var wantsCleaning: Bool {
        let dead = allocated * Self.segmentSize - live
        if limit - allocated <= 2 { return dead > 2 * Self.segmentSize }
        return dead > live / 2 + 8 * Self.segmentSize
    }

    /// Whether the dead weight has grown so far beyond that that writers must wait for the cleaning.
    var needsCleaning: Bool {
        let dead = allocated * Self.segmentSize - live
        return limit - allocated <= 2 ? wantsCleaning : dead > live + 24 * Self.segmentSize
    }

    /// Bytes that a segment must have to give for its cleaning to be any use: a page.
    static let leastGain = PageGeometry.pageSize

    /// Takes the closed segment with the least live data out of circulation; nil if none has `gain` bytes to give.
    mutating func pickVictim(gain: Int) -> Int? {
        var best: Int?
        var least = Self.segmentSize - gain + 1
        for index in segments.indices.dropFirst() {
            let segment = segments[index]
            guard segment.phase == .sealed, segment.pending == 0, segment.live < least else { continue }
            best = index
            least = segment.live
        }
        if let best { segments[best].phase = .cleaning }
        return best
    }

    /// Ends the cleaning of a segment. One that still holds live data has records that could not be moved: a damaged
    /// one (`stuck`, until its last page is dropped), or the move had no room (`sealed`, to be tried again).
    mutating func finishCleaning(_ index: Int, moved: Bool) {
        segments[index].phase = moved && segments[index].live > 0 ? .stuck : .sealed
        emptyIfDead(index)
    }

    /// Segments that hold anything, or are about to.
    var occupied: Int { allocated - emptied.count - punched.count }

    /// Hands over the emptied segments, for their holes to be punched.
    mutating func takeEmptied() -> [Int] {
        defer { emptied.removeAll(keepingCapacity: true) }
        return Array(emptied)
    }

    /// Neighbours together.
    static func runs(of segments: [Int]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for index in segments.sorted() {
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<(index + 1)
            } else {
                runs.append(index..<(index + 1))
            }
        }
        return runs
    }

    /// Makes a segment that has records, and zeroes behind them, what the cleaner appends to.
    mutating func resume(_ index: Int, from end: Int, records: Int) {
        segments[index].phase = .open
        segments[index].used = end
        segments[index].records = records
        expectGaps(in: [index])
        heads[Head.cleaner.rawValue] = index
    }

    /// Makes a zeroed segment, whose blocks the host keeps, the reserve; false if there is one already.
    mutating func adoptReserve(_ index: Int) -> Bool {
        guard reserve == nil else { return false }
        segments[index] = Segment(phase: .reserve)
        reserve = index
        return true
    }

    /// Punched segments may be written again; low ones first, so that the file stays short.
    mutating func recycle(_ run: Range<Int>) {
        for index in run.reversed() {
            segments[index] = Segment()
            free.append(index)
            allocated -= 1
        }
    }
}
