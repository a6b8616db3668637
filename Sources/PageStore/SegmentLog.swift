import SystemPackage

/// The log-structured body of an image: records are appended to segments, never changed, and move only when their
/// segment is cleaned.
///
/// Locks, outermost first: the cleaner's, a page lock of one table, the books (`state`). A page's entry changes only
/// under its page lock, and a reader holds that lock while it reads the record; hence a segment to which no entry
/// points has no readers, and may be punched and used again.
final class SegmentLog: Sendable {
    let file: ImageFile
    /// Where every checksum of this life of the image starts.
    let salt: UInt32
    let state: Guarded<LogState>
    /// The tables by id, for the cleaner to find whose record it is looking at. A leaked table stays here.
    let tables = Guarded<[UInt32: PageTable]>([:])
    let cleaner = Guarded<CleanerBuffers?>(nil)
    let workspaces = WorkspacePool()
    /// The image outlives its user: what is dead is overwritten or punched only when its successors are on the disk.
    let keeps: Bool
    /// What disks append to; nil in an image that is kept, whose records are in the file when a write returns.
    let buffers: SegmentBuffers?
    /// Does what writers need not wait for, of a volatile image; nil if they do it themselves.
    let keeper: Housekeeper?
    /// What was told to be on the host's disk.
    let marks: SyncMarks?
    /// Bytes that the file of an image that is kept must have.
    let length = Guarded(KnownLength())
    /// Told of each record that turns out not to be what was written: the disk, the page, the offset in the image.
    let onDamage = Guarded<(@Sendable (String, UInt64, UInt64) -> Void)?>(nil)

    /// An empty log, in a file that ends before its first segment.
    /// - Parameter capacity: the length that the file may have, in bytes; nil for as long as the host lets it.
    /// - Throws: the error of the host if it has no room for the reserve.
    init(
        file: ImageFile, salt: UInt32, capacity: UInt64?, isBuffered: Bool, hasKeeper: Bool
    ) throws(Errno) {
        self.file = file
        self.salt = salt
        keeps = false
        marks = nil
        buffers = isBuffered ? SegmentBuffers() : nil
        keeper = hasKeeper && buffers != nil ? Housekeeper() : nil
        var books = LogState()
        if let capacity {
            books.limit = max(0, Int(capacity / UInt64(LogState.segmentSize)) - 1)
        }
        try file.allocate(at: UInt64(LogState.segmentSize), count: UInt64(LogState.segmentSize))
        books.segments.append(LogState.Segment(phase: .reserve))
        books.reserve = 1
        if buffers != nil { books.slots = Array(0..<SegmentBuffers.count) }
        books.allocated = 1
        state = Guarded(books)
        // It is stopped when the log goes: what it would do then is not to be done.
        keeper?.start { [weak self] in
            self?.tidy()
            self?.cleanIfNeeded()
        }
    }

    deinit { keeper?.stop() }

    /// The log of an image that is kept, with no segment yet: `recover` finds those that there are.
    init(keeping file: ImageFile, salt: UInt32, capacity: UInt64?) {
        self.file = file
        self.salt = salt
        keeps = true
        buffers = nil
        keeper = nil
        marks = SyncMarks(file: file)
        var books = LogState()
        books.keeps = true
        if let capacity { books.limit = max(0, Int(capacity / UInt64(LogState.segmentSize)) - 1) }
        state = Guarded(books)
    }

    /// Gives up a reservation whose write failed: the torn bytes must not puzzle a later scan.
    func abandon(_ room: LogState.Reservation) {
        file.punch(at: room.extent.offset, count: UInt64(room.extent.bytes))
        let hasWork = state.withLock { state in
            state.cancel(room)
            return state.hasWork
        }
        if hasWork { tidy() }
    }

    /// Releases extents that no entry points to any more.
    func release(_ extents: UnsafeBufferPointer<Extent>) {
        guard !extents.isEmpty else { return }
        let hasWork = state.withLock { state in
            for extent in extents { state.release(extent) }
            return state.hasWork
        }
        if hasWork { tidy() }
    }

    /// Ends a write: the reservation is in the tables, what it replaced is dead.
    @inline(__always)
    func settle(_ extent: Extent, releasing replaced: UnsafeBufferPointer<Extent>) {
        let (hasWork, isLate) = state.withLock { state in
            state.settle(extent)
            for old in replaced { state.release(old) }
            return (state.hasWork, state.isLate)
        }
        if hasWork, isLate || keeper?.wake() != true { tidy() }
    }

    /// Writes full segments or their summaries, and gives emptied ones back.
    func tidy() {
        if keeps { summarize() } else { writeFull() }
        punchEmptied()
    }

    /// Gives the blocks of emptied segments back to the host; if the reserve is spent, the first of them becomes it.
    ///
    /// In an image that is kept, the records that replaced theirs must be on the host's disk first; as that takes long,
    /// it is done for many at once.
    func punchEmptied(evenFew: Bool = false) {
        if keeps { punchReplaced(evenFew: evenFew) } else { punch(state.withLock { $0.takeEmptied() }) }
    }

    /// Punches emptied segments, and lets them be written again.
    func punch(_ segments: [Int]) {
        guard !segments.isEmpty else { return }
        var segments = segments
        // One that nothing was ever written to has no blocks, and a full host none to give it.
        if state.withLock({ $0.reserve == nil }), let place = segments.firstIndex(where: makeReserve) {
            segments.remove(at: place)
        }
        let size = UInt64(LogState.segmentSize)
        for run in LogState.runs(of: segments) {
            file.punch(at: UInt64(run.lowerBound) * size, count: UInt64(run.count) * size)
            state.withLock { if keeps { $0.punched += run } else { $0.recycle(run) } }
        }
    }

    /// Gives the reserve back too, when nobody writes any more.
    func dropReserve() {
        guard let index = state.withLock({ $0.reserve }) else { return }
        let size = UInt64(LogState.segmentSize)
        file.punch(at: UInt64(index) * size, count: size)
    }

    /// Overwrites a segment with zeroes, so that no blocks of it have to be asked for again.
    func makeReserve(_ index: Int) -> Bool {
        let size = LogState.segmentSize
        guard (try? file.zero(at: UInt64(index) * UInt64(size), count: size)) != nil else { return false }
        return state.withLock { $0.adoptReserve(index) }
    }
}
