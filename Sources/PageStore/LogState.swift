import SystemPackage

/// The books of the log: which segments there are, what is alive in each, where the next record goes.
///
/// Segment 0 holds the superblock and the directory. Invariants: `live` counts the bytes that some table entry points
/// to, and those reserved for a write in flight; a segment is emptied only when it is closed for writing, nothing in it
/// is alive and no write into it is in flight.
struct LogState {
    /// Who appends: the disks, or the cleaner. Each has an open segment, so that old pages gather with old pages.
    enum Head: Int {
        case disks = 0
        case cleaner = 1
    }

    enum Phase: UInt8 {
        case free, open, sealed, cleaning, stuck, empty, reserve
    }

    struct Segment {
        var live = 0
        var used = 0
        var pending = 0
        var records = 0
        var phase = Phase.free
        /// The buffer that holds it; nil if it is in the file.
        var slot: Int?
        /// A write failed, and others behind it did not.
        var hasGap = false
    }

    /// Room for some records of a batch.
    struct Reservation {
        var extent: Extent
        var count: Int
        /// Those of them that take room.
        var records: Int
        var sequence: UInt64
        var openedSegment: Bool
        /// The buffer that the records go to; nil for the file.
        var slot: Int?
    }

    static let segmentSize = 1 << 20

    var segments = [Segment(phase: .stuck)]
    var free: [Int] = []
    /// Emptied segments whose blocks the host still keeps.
    var emptied: [Int] = []
    var sequence: UInt64 = 1
    var live = 0
    /// Segments in use, whatever their phase.
    var allocated = 0
    /// Segments that the image may have.
    var limit = Int.max
    /// A segment whose blocks the host has already given: with it the cleaner can begin when nothing else is left.
    var reserve: Int?
    /// Writes that are under way in an image that is kept: where, and from which sequence number on.
    private var flights: [(offset: UInt64, sequence: UInt64)] = []
    /// Of an image that is kept: writes under way are tracked, and full segments get a summary.
    var keeps = false
    /// Full segments that want a summary.
    var sealed: [Int] = []
    /// Segments that are holes now, but perhaps not yet on the host's disk: a torn write into one must not uncover what
    /// it held.
    var punched: [Int] = []
    /// Of an image that is kept: segments that hold records, and have no summary.
    var unsummarized: [Int] = []
    /// Segments that were filled since the last mark: a recovery would have to read them.
    var unmarked = 0
    var heads = [0, 0]
    /// Buffers that hold no segment.
    var slots: [Int] = []
    /// Full segments in memory, and those that the host did not take.
    var full: [Int] = []
    var refused: [Int] = []

    /// Every record with a lower number has been written to the file.
    var completed: UInt64 { flights.map(\.sequence).min() ?? sequence }

    /// Of the segments that have no summary: up to where all records have been written to the file.
    var written: [(segment: Int, promise: SyncMarks.Promise)] {
        unsummarized.map { index in
            let pending = flights.filter { Self.segment(of: $0.offset) == index }.map(\.offset).min()
            let bytes = pending.map { Int($0 % UInt64(Self.segmentSize)) } ?? segments[index].used
            return (index, SyncMarks.Promise(bytes: bytes, isSolid: !segments[index].hasGap))
        }
    }

    /// Segments wait to be written, summarized or punched.
    @inline(__always)
    var hasWork: Bool { !emptied.isEmpty || !sealed.isEmpty || !full.isEmpty }

    /// So many segments wait that whoever fills the next should help.
    @inline(__always)
    var isLate: Bool { full.count >= SegmentBuffers.count / 2 }

    /// Makes room for at least one record, and for as many of the batch as fit into one segment.
    /// - Throws: `ENOSPC` at the image's own limit.
    mutating func reserve(
        _ head: Head,
        records: Int,
        span: (Int) -> Int
    ) throws(Errno) -> Reservation {
        var openedSegment = false
        var current = heads[head.rawValue]
        if current == 0 || room(in: current, records: 1) < span(0) {
            let next = try take(for: head)
            if current != 0 { seal(current) }
            current = next
            heads[head.rawValue] = next
            openedSegment = true
        }
        var bytes = 0
        var count = 0
        var filled = 0
        while count < records {
            let next = span(count)
            if bytes + next > room(in: current, records: filled + 1) { break }
            bytes += next
            count += 1
            if next > 0 { filled += 1 }
        }
        let offset = UInt64(current) * UInt64(Self.segmentSize) + UInt64(segments[current].used)
        segments[current].used += bytes
        segments[current].pending += 1
        segments[current].records += filled
        weigh(current, bytes + filled * entrySize)
        let first = sequence
        sequence += UInt64(count)
        if keeps { flights.append((offset, first)) }
        return Reservation(
            extent: Extent(offset: offset, bytes: bytes),
            count: count,
            records: filled,
            sequence: first,
            openedSegment: openedSegment,
            slot: segments[current].slot
        )
    }

    /// Bytes that are left for records in an open segment, if there will be so many more of them.
    @inline(__always)
    private func room(in index: Int, records: Int) -> Int {
        let summary = keeps ? SegmentSummary.size(records: segments[index].records + records) : 0
        return Self.segmentSize - segments[index].used - summary
    }

    private mutating func take(for head: Head) throws(Errno) -> Int {
        guard allocated + (reserve == nil ? 1 : 0) < limit else {
            guard head == .cleaner, let index = reserve else { throw .noSpace }
            reserve = nil
            open(index)
            return index
        }
        let index: Int
        if let reused = free.popLast() {
            index = reused
        } else {
            index = segments.count
            segments.append(Segment())
        }
        open(index)
        allocated += 1
        return index
    }

    private mutating func open(_ index: Int) {
        segments[index] = Segment(phase: .open)
        if keeps { unsummarized.append(index) }
    }

    /// The segment that was opened last for this head cannot be used.
    mutating func close(_ head: Head) {
        let index = heads[head.rawValue]
        heads[head.rawValue] = 0
        unsummarized.removeAll { $0 == index }
        recycle(index..<(index + 1))
    }

    /// Makes the reserve the segment that the cleaner writes to; false if there is none.
    mutating func openReserve() -> Bool {
        guard let index = reserve else { return false }
        reserve = nil
        let current = heads[Head.cleaner.rawValue]
        if current != 0 { seal(current) }
        open(index)
        heads[Head.cleaner.rawValue] = index
        return true
    }

    mutating func seal(_ index: Int) {
        segments[index].phase = .sealed
        if queueIfBuffered(index) { return }
        queueIfSealed(index)
        emptyIfDead(index)
    }

    /// The write into a reservation is over.
    mutating func settle(_ extent: Extent) {
        let index = Self.segment(of: extent.offset)
        segments[index].pending -= 1
        if keeps, let place = flights.firstIndex(where: { $0.offset == extent.offset }) {
            flights.swapAt(place, flights.count - 1)
            flights.removeLast()
        }
        if queueIfBuffered(index) { return }
        queueIfSealed(index)
        emptyIfDead(index)
    }

    /// The write into a reservation failed; the room is used again if nobody reserved behind it.
    mutating func cancel(_ room: Reservation) {
        let extent = room.extent
        let index = Self.segment(of: extent.offset)
        let end = Int(extent.offset % UInt64(Self.segmentSize)) + extent.bytes
        if segments[index].phase == .open, segments[index].used == end {
            segments[index].used -= extent.bytes
        } else {
            segments[index].hasGap = true
        }
        weigh(index, -(extent.bytes + room.records * entrySize))
        settle(extent)
    }

    /// Nothing points to this record any longer.
    mutating func release(_ extent: Extent) {
        let index = Self.segment(of: extent.offset)
        weigh(index, -(extent.bytes + entrySize))
        emptyIfDead(index)
    }

    /// What a record takes beside its own bytes.
    @inline(__always)
    private var entrySize: Int { keeps ? SegmentSummary.entrySize : 0 }

    @inline(__always)
    private mutating func weigh(_ index: Int, _ bytes: Int) {
        segments[index].live += bytes
        live += bytes
    }

    /// A recovery found a record that some page points to.
    mutating func count(_ extent: Extent) { weigh(Self.segment(of: extent.offset), extent.bytes + entrySize) }

    mutating func emptyIfDead(_ index: Int) {
        let segment = segments[index]
        guard segment.live == 0, segment.pending == 0, segment.phase == .sealed || segment.phase == .stuck else {
            return
        }
        segments[index].phase = .empty
        emptied.append(index)
        if keeps { unsummarized.removeAll { $0 == index } }
    }

    @inline(__always)
    static func segment(of offset: UInt64) -> Int {
        Int(offset / UInt64(segmentSize))
    }
}
