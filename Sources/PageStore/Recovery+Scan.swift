import SystemPackage

/// The walk over the segments, and the books afterwards.
extension Recovery {
    /// Bytes at the end of a segment that most summaries fit into.
    private static let tail = 8192

    func scan() throws(Errno) {
        let segmentSize = UInt64(LogState.segmentSize)
        let size = try file.size()
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: LogState.segmentSize, alignment: 4096)
        defer { buffer.deallocate() }
        var next = segmentSize
        var ahead = segmentSize
        file.expectScatteredReads(true)
        defer { file.expectScatteredReads(false) }
        while let data = try file.data(from: next), data < size {
            let start = max(next, data / segmentSize * segmentSize)
            // Many reads at once are what a disk is fast at.
            ahead = max(ahead, start)
            while ahead < min(size, start + 256 * segmentSize) {
                ahead += segmentSize
                file.prefetch(at: ahead - UInt64(Self.tail), count: Self.tail)
            }
            try visit(start, buffer)
            next = start + segmentSize
            onProgress?(min(next, size), size)
        }
        for index in mark.written.keys.sorted() where scanned[index] == nil && summarized[index] == nil {
            if isMissing(promise(of: index), from: 0) { noteLost(UInt64(index) * segmentSize) }
        }
    }

    /// What there must be in a segment that has no summary.
    private func promise(of segment: Int) -> SyncMarks.Promise {
        mark.written[segment] ?? SyncMarks.Promise()
    }

    /// Whether a record must follow on a place, but does not.
    private func isMissing(_ promise: SyncMarks.Promise, from place: Int) -> Bool {
        promise.isSolid && place < promise.bytes
    }

    private func noteLost(_ offset: UInt64) {
        note(offset, "a record is damaged, and which page it is cannot be known")
    }

    private func visit(_ start: UInt64, _ buffer: UnsafeMutableRawPointer) throws(Errno) {
        let index = LogState.segment(of: start)
        let known = try summary(of: start, buffer)
        if let summary = known {
            highest = max(highest, summary.stamp)
            if summary.stamp < mark.sequence {
                summarized[index] = summary.used
                stamps[index] = summary.stamp
                for record in summary.records { adopt(record.header, start + UInt64(record.position)) }
                return
            }
        }
        let got = try file.readAvailable(at: start, into: buffer, count: LogState.segmentSize)
        // A record that the file ends in is torn, and must be seen to be.
        (buffer + got).initializeMemory(as: UInt8.self, repeating: 0, count: LogState.segmentSize - got)
        let end = LogState.segmentSize - (SegmentSummary.size(at: buffer + LogState.segmentSize) ?? 0)
        let ends = search(start, buffer, end, known == nil ? promise(of: index) : SyncMarks.Promise())
        records[index] = ends.count - 1
        // Whatever the stamp, a summary tells what had been written; that it got to the disk only the mark can.
        let bytes = UnsafeRawBufferPointer(start: buffer, count: LogState.segmentSize)
        let told = known?.records ?? SegmentSummary.salvage(bytes, ends, salt: superblock.salt)
        var last = max(min(ends.max() ?? 0, got), known?.used ?? 0)
        for record in told where record.header.sequence < mark.sequence {
            if RecordHeader(from: buffer + record.position, salt: superblock.salt) != nil { continue }
            suspects.append(Suspect(header: record.header, offset: start + UInt64(record.position), isPromised: true))
            lost[index, default: []].append(record)
            last = max(last, record.position + record.header.span)
        }
        scanned[index] = last
    }

    /// Reads the end of a segment: all of its summary, most often.
    private func summary(of start: UInt64, _ buffer: UnsafeMutableRawPointer) throws(Errno) -> SegmentSummary? {
        let end = start + UInt64(LogState.segmentSize)
        var count = Self.tail
        for _ in 0..<2 {
            guard try file.readAvailable(at: end - UInt64(count), into: buffer, count: count) == count,
                let size = SegmentSummary.size(at: buffer + count)
            else { return nil }
            if size <= count {
                let bytes = UnsafeRawBufferPointer(start: buffer + count - size, count: size)
                return SegmentSummary(bytes, salt: superblock.salt)
            }
            count = size
        }
        return nil
    }

    /// Reads the records themselves, and says where they end: the beginning is one of these places.
    /// - Parameter promise: where there must be no gap.
    private func search(
        _ start: UInt64, _ buffer: UnsafeMutableRawPointer, _ count: Int, _ promise: SyncMarks.Promise
    ) -> Set<Int> {
        var walk = RecordWalk(bytes: buffer, count: count, salt: superblock.salt)
        var end = 0
        var ends: Set = [0]
        while let (position, header) = walk.next() {
            let offset = start + UInt64(position)
            if position > end, isMissing(promise, from: end) { noteLost(start + UInt64(end)) }
            end = position + header.span
            ends.insert(end)
            highest = max(highest, header.sequence)
            nextTable = max(nextTable, header.table &+ 1)
            if header.isIntact(at: buffer + position, salt: superblock.salt), walk.repaired.last != position {
                adopt(header, offset)
            } else {
                let isPromised = header.sequence < mark.sequence || position < promise.bytes
                suspects.append(Suspect(header: header, offset: offset, isPromised: isPromised))
            }
        }
        if isMissing(promise, from: end) {
            noteLost(start + UInt64(end))
        } else if !promise.isSolid {
            // What holes that were cut off leave behind begins with zeroes; here stood a header.
            for place in walk.breaks where place < promise.bytes { noteLost(start + UInt64(place)) }
        }
        return ends
    }

    /// Points a page to a record, unless a newer one is known.
    ///
    /// Of two copies of one record the cleaner made the later: with that the segment of the first can be given back, and
    /// a full host may have no other.
    /// - Parameter isDamaged: whether any other copy is better.
    func adopt(_ header: RecordHeader, _ offset: UInt64, isDamaged: Bool = false) {
        parts[header.table]?.adopt(header, offset) { known in
            !isDamaged && age(of: offset) > age(of: known)
        }
    }

    /// When a segment was full; of one that has no summary yet, never.
    private func age(of offset: UInt64) -> UInt64 { stamps[LogState.segment(of: offset)] ?? .max }

    /// Takes the headers of torn records away, before the mark goes past their numbers: then they would be damage, and
    /// their pages could not be read.
    private func eraseTorn() throws(Errno) {
        for torn in suspects where !torn.isPromised {
            try file.zero(at: torn.offset, count: RecordHeader.size)
            // The rest is nothing but what `image check` would wonder about.
            file.punch(at: torn.offset, count: UInt64(torn.header.span))
        }
    }

    /// Counts what lives where, gives dead segments back, and makes room for the cleaner. Segments are not appended to:
    /// there may be torn bytes.
    func settleBooks() throws(Errno) {
        if purpose != .read { try eraseTorn() }
        let segmentSize = UInt64(LogState.segmentSize)
        let last = max(scanned.keys.max() ?? 0, summarized.keys.max() ?? 0)
        let segments = max(SegmentLog.segments(in: try file.size()), last + 1)
        let (toSummarize, stamp) = log.state.withLock { books in
            books.sequence = max(highest, mark.sequence) + 1
            while books.segments.count < segments {
                let index = books.segments.count
                let used = summarized[index] ?? scanned[index]
                // A hole is free; but if it is one only since the last mark, that may not be on the host's disk.
                books.segments.append(LogState.Segment(used: used ?? 0, phase: used == nil ? .empty : .sealed))
                if used == nil { books.punched.append(index) }
                books.allocated += 1
            }
            for part in parts.values { part.count(into: &books) }
            for index in books.segments.indices.dropFirst() { books.emptyIfDead(index) }
            let sealed = scanned.keys.filter { books.segments[$0].phase == .sealed }
            books.sequence += 1
            return (sealed.sorted(), books.sequence - 1)
        }
        guard purpose != .read else { return }
        try log.adoptLength()
        try log.grow(over: segments - 1)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: LogState.segmentSize, alignment: 4096)
        defer { buffer.deallocate() }
        for index in toSummarize {
            let start = UInt64(index) * segmentSize
            // A torn copy of a record that was on the move must not become as good as the record.
            func isPointedAt(_ header: RecordHeader, _ position: Int) -> Bool {
                parts[header.table]?.table.points(page: header.page, to: start + UInt64(position)) == true
            }
            let lost = (lost[index] ?? []).filter { isPointedAt($0.header, $0.position) }
            do throws(Errno) {
                try log.summarize(index, stamp, buffer, lost: lost) { header, record in
                    header.isIntact(at: record, salt: superblock.salt)
                        || isPointedAt(header, record - UnsafeRawPointer(buffer))
                }
            } catch .noSpace {
                // Done without.
            }
        }
        log.punchReplaced(evenFew: true)
        try log.synchronize()
        do throws(Errno) {
            try log.ensureReserve()
        } catch .noSpace {
            // What the last user's cleaner was at has room for the rest of it.
            for index in toSummarize.sorted(by: { scanned[$0]! < scanned[$1]! }) {
                if log.resume(index, from: scanned[index]!, records: records[index]!) { break }
            }
        }
    }
}

extension SegmentLog {
    /// Makes a reserve if there is none.
    /// - Throws: the error of the host if it has no room.
    func ensureReserve() throws(Errno) {
        let index = state.withLock { books -> Int? in
            guard books.reserve == nil else { return nil }
            if let free = books.free.popLast() { return free }
            books.segments.append(LogState.Segment())
            return books.segments.count - 1
        }
        guard let index else { return }
        do throws(Errno) {
            try grow(over: index)
            try file.zero(at: UInt64(index) * UInt64(LogState.segmentSize), count: LogState.segmentSize)
        } catch {
            file.punch(at: UInt64(index) * UInt64(LogState.segmentSize), count: UInt64(LogState.segmentSize))
            state.withLock { $0.free.append(index) }
            throw error
        }
        state.withLock { books in
            books.allocated += 1
            _ = books.adoptReserve(index)
        }
    }

    /// Lets the cleaner append to a segment that another user left; false if the host has not all of its blocks.
    func resume(_ index: Int, from end: Int, records: Int) -> Bool {
        let start = UInt64(index) * UInt64(LogState.segmentSize)
        guard state.withLock({ $0.segments[index].phase == .sealed && $0.segments[index].live > 0 }),
            (try? file.zero(at: start + UInt64(end), count: LogState.segmentSize - end)) != nil
        else { return false }
        state.withLock { $0.resume(index, from: end, records: records) }
        return true
    }
}
