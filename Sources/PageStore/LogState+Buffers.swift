/// Which segments are in memory; only in an image that is volatile.
extension LogState {
    /// A full segment in memory that nobody writes to any more is to be written to the file.
    /// - Returns: whether the segment is in memory.
    @inline(__always)
    mutating func queueIfBuffered(_ index: Int) -> Bool {
        guard segments[index].slot != nil else { return false }
        if segments[index].phase == .sealed, segments[index].pending == 0 {
            // Held until it is in the file, so that nobody empties or cleans it meanwhile.
            segments[index].pending = 1
            full.append(index)
        }
        return true
    }

    /// Hands over the full segments: their slots, what of them is used, and whether anything in them lives.
    mutating func takeFull() -> [(index: Int, slot: Int, used: Int, isAlive: Bool)] {
        defer { full.removeAll(keepingCapacity: true) }
        return full.map { ($0, segments[$0].slot!, segments[$0].used, segments[$0].live > 0) }
    }

    /// Has those that the host did not take be tried again.
    mutating func retryRefused() {
        full += refused
        refused.removeAll()
    }

    /// A segment is in the file.
    mutating func finishBuffer(_ index: Int) {
        if let slot = segments[index].slot.take() { slots.append(slot) }
        segments[index].pending -= 1
        emptyIfDead(index)
    }
}
