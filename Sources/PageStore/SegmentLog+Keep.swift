import SystemPackage

/// What an image that is kept does beyond a volatile one.
extension SegmentLog {
    /// Emptied segments that are worth a wait for the host's disk.
    private static let worthwhile = 16
    /// Full segments that a recovery may have to read: one gibibyte.
    private static let unmarkedLimit = 1024

    /// Waits until all records whose writes have ended are on the host's disk, and notes how far that is.
    ///
    /// Nothing of a volatile image outlives its user, so that there is nothing to wait for.
    /// - Throws: the error of the host; `EIO` ever after, for the host forgets what it could not write.
    func synchronize() throws(Errno) {
        guard let marks else { return }
        let punched = state.withLock { books in
            books.unmarked = 0
            defer { books.punched.removeAll() }
            return books.punched
        }
        let retired = tables.withLock { $0.values.compactMap(\.backing) }.map { ($0, $0.takeRetired()) }
        do throws(Errno) {
            try marks.advance(length: checkLength) { state.withLock { ($0.completed, $0.written) } }
        } catch {
            state.withLock { $0.punched += punched }
            for (backing, blocks) in retired { backing.keepRetired(blocks) }
            throw error
        }
        state.withLock { books in
            for run in LogState.runs(of: punched) { books.recycle(run) }
        }
        for (backing, blocks) in retired { backing.recycle(blocks) }
    }

    /// Punches emptied segments, once what replaced their records is on the host's disk: that was written before they
    /// were emptied. On an error of the host they are kept.
    func punchReplaced(evenFew: Bool) {
        let (emptied, isTight, isDue) = state.withLock { state in
            let isTight = state.limit - state.allocated <= 2
            let isWorthwhile = evenFew || isTight || state.emptied.count >= Self.worthwhile
            let isDue = state.unmarked >= Self.unmarkedLimit || evenFew && !state.punched.isEmpty
            return (isWorthwhile ? state.takeEmptied() : [], isTight || evenFew, isDue)
        }
        guard !emptied.isEmpty else {
            if isDue { try? synchronize() }
            return
        }
        do {
            for index in emptied { try disown(index) }
            try synchronize()
            // The mark that no longer lists them may not be there before the next wait, and what is promised to be in
            // a segment must be. The reserve is written to at once.
            if state.withLock({ $0.reserve == nil }) || marks?.mayList(emptied) == true { try synchronize() }
            punch(emptied)
            // The holes may be filled again when they are on the host's disk, too.
            if isTight { try synchronize() }
        } catch {
            state.withLock { state in
                for index in emptied where state.segments[index].phase == .empty && !state.punched.contains(index) {
                    state.emptied.append(index)
                }
            }
        }
    }

    /// Takes a summary away before its records go: a hole that is torn must not leave it behind.
    func disown(_ index: Int) throws(Errno) {
        let end = UInt64(index + 1) * UInt64(LogState.segmentSize)
        let size = SegmentSummary.footerSize
        let footer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { footer.deallocate() }
        let got = try file.readAvailable(at: end - UInt64(size), into: footer.baseAddress!, count: size)
        // Where there is none, zeroes could want a block that a full host does not have.
        if got < size || SameFilled.isZero(UnsafeRawBufferPointer(footer)) { return }
        try file.zero(at: end - UInt64(size), count: size)
    }

    /// Writes the summaries of full segments. One that the host does not take is done without.
    func summarize() {
        let (segments, stamp) = state.withLock { $0.sealed.isEmpty ? ([], 0) : $0.takeSealed() }
        guard !segments.isEmpty else { return }
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: LogState.segmentSize, alignment: 4096)
        defer { buffer.deallocate() }
        for index in segments {
            let isWritten = (try? summarize(index, stamp, buffer, isOurs: true) { _, _ in true }) ?? false
            state.withLock { $0.finishSummary(index, isWritten: isWritten) }
        }
    }

    /// - Parameters:
    ///   - lost: records that are known although their headers are damaged.
    ///   - isOurs: whether this user of the image filled the segment, so that there must be records and nothing else.
    ///   - isWanted: asked for each record that has an intact header.
    /// - Returns: false if there is no room for the summary, or it would hide that a record is damaged.
    @discardableResult
    func summarize(
        _ index: Int, _ stamp: UInt64, _ buffer: UnsafeMutableRawPointer,
        lost: [(position: Int, header: RecordHeader)] = [], isOurs: Bool = false,
        _ isWanted: (RecordHeader, UnsafeRawPointer) -> Bool
    ) throws(Errno) -> Bool {
        let start = UInt64(index) * UInt64(LogState.segmentSize)
        let used = state.withLock { $0.segments[index].used }
        try file.read(at: start, into: buffer, count: used)
        var records = lost
        var walk = RecordWalk(bytes: buffer, count: used, salt: salt)
        while let (position, header) = walk.next() {
            if isWanted(header, buffer + position) { records.append((position, header)) }
        }
        if isOurs, !walk.breaks.isEmpty { return false }
        let size = SegmentSummary.size(records: records.count)
        guard used + size <= LogState.segmentSize else { return false }
        let summary = SegmentSummary(used: used, stamp: stamp, records: records)
        try file.write(at: start + UInt64(LogState.segmentSize - size), summary.encoded(salt: salt))
        return true
    }

    /// A record is not what was written.
    func damaged(_ disk: String, _ page: UInt64, _ offset: UInt64) {
        onDamage.withLock { $0 }?(disk, page, offset)
    }
}
