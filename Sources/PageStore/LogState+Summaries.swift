/// Which segments want a summary; only in an image that is kept.
extension LogState {
    /// A full segment that nobody writes to any more gets a summary.
    mutating func queueIfSealed(_ index: Int) {
        guard keeps, segments[index].phase == .sealed, segments[index].pending == 0, segments[index].live > 0 else {
            return
        }
        // Held until the summary is written, so that nobody empties it meanwhile.
        segments[index].pending = 1
        sealed.append(index)
    }

    /// Hands over the full segments, and the stamp of their summaries.
    ///
    /// A mark above the stamp says that a wait for the host's disk began after this, and so after all their records had
    /// been written: the summary may be believed without a look at them.
    mutating func takeSealed() -> (segments: [Int], stamp: UInt64) {
        defer {
            sealed.removeAll(keepingCapacity: true)
            sequence += 1
        }
        return (sealed, sequence)
    }

    /// The summary is there, or could not be written.
    mutating func finishSummary(_ index: Int, isWritten: Bool) {
        segments[index].pending -= 1
        if isWritten { unsummarized.removeAll { $0 == index } }
        unmarked += 1
        emptyIfDead(index)
    }

    /// Of these segments the summaries are gone, and dead records soon are: neither may be promised.
    mutating func expectGaps(in segments: [Int]) {
        for index in segments {
            self.segments[index].hasGap = true
            if !unsummarized.contains(index) { unsummarized.append(index) }
        }
    }

    /// Ends the writing to the open segments, so that they get summaries, too.
    mutating func sealHeads() {
        for (head, index) in heads.enumerated() where index != 0 {
            heads[head] = 0
            seal(index)
        }
    }
}
