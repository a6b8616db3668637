import SystemPackage

/// Records on their way to the file, and back.
extension SegmentLog {
    /// Makes room for records, see `LogState.reserve`; a segment that this opens gets a buffer, if one is idle and the
    /// host gives the segment's blocks, so that it cannot be full later.
    func reserve(
        _ head: LogState.Head, records: Int, span: (Int) -> Int
    ) throws(Errno) -> LogState.Reservation {
        try state.withLock { state throws(Errno) in
            var room = try state.reserve(head, records: records, span: span)
            if keeps, room.openedSegment {
                do throws(Errno) {
                    try grow(over: LogState.segment(of: room.extent.offset))
                } catch {
                    state.cancel(room)
                    state.close(head)
                    throw error
                }
            }
            guard room.openedSegment, head == .disks, let buffers else { return room }
            state.retryRefused()
            guard let slot = state.slots.popLast() else { return room }
            let segment = LogState.segment(of: room.extent.offset)
            guard file.preallocate(at: UInt64(segment) * UInt64(LogState.segmentSize), count: LogState.segmentSize)
            else {
                state.slots.append(slot)
                return room
            }
            buffers.open(slot, for: segment)
            state.segments[segment].slot = slot
            room.slot = slot
            return room
        }
    }

    /// Puts records where they were promised room.
    func write(_ room: LogState.Reservation, from source: UnsafeRawPointer) throws(Errno) {
        guard let slot = room.slot, let buffers else {
            return try file.write(at: room.extent.offset, from: source, count: room.extent.bytes)
        }
        let offset = Int(room.extent.offset % UInt64(LogState.segmentSize))
        (buffers.start(of: slot) + offset).copyMemory(from: source, byteCount: room.extent.bytes)
    }

    /// Reads a piece of one segment. The caller holds the page lock of an entry that points there.
    @inline(__always)
    func read(_ extent: Extent, into target: UnsafeMutableRawPointer) throws(Errno) {
        if let buffers, buffers.read(extent, into: target) { return }
        try file.read(at: extent.offset, into: target, count: extent.bytes)
    }

    /// Writes full segments to the file. One that the host does not take stays in memory, and is tried again when
    /// another one is opened.
    func writeFull() {
        guard let buffers else { return }
        for (index, slot, used, isAlive) in state.withLock({ $0.takeFull() }) {
            do {
                let start = UInt64(index) * UInt64(LogState.segmentSize)
                if isAlive { try file.write(at: start, from: buffers.start(of: slot), count: used) }
            } catch {
                state.withLock { $0.refused.append(index) }
                continue
            }
            buffers.close(slot)
            state.withLock { $0.finishBuffer(index) }
        }
    }

    /// Writes what is in memory, for who looks at the file when nobody uses the image any more.
    func writeOpen() {
        guard buffers != nil else { return }
        state.withLock { state in
            state.sealHeads()
            state.retryRefused()
        }
        writeFull()
    }
}
