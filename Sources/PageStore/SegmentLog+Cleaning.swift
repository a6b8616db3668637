import SystemPackage

/// Cleaning: the live records of a segment are copied to another, and the segment becomes a hole.
///
/// Records move verbatim, with their sequence numbers. If a page is written while its old record is on the move, the
/// newer write has the higher number wherever the copies lie, and the entry no longer points to the old place, so that
/// the copy is dropped.
extension SegmentLog {
    /// Sees to it that the image is cleaned if need be. Called with no lock.
    func cleanSoon() {
        guard keeper?.wake() == true else { return cleanIfNeeded() }
        // Writers that are faster than the cleaning wait for it.
        if state.withLock({ $0.needsCleaning }) { cleaner.withLock { clean(&$0) } }
    }

    /// Cleans while the image carries too much dead weight; one thread at a time, the others go on. Called with no lock.
    func cleanIfNeeded() {
        _ = cleaner.withLockIfFree { clean(&$0) }
    }

    private func clean(_ buffers: inout CleanerBuffers?) {
        for _ in 0..<8 {
            guard state.withLock({ $0.wantsCleaning }) else { return }
            guard cleanOne(gain: LogState.segmentSize / 8, &buffers) else { return }
        }
    }

    /// For a write that found no room: cleans, however little each segment gives, until the image is shorter by a segment,
    /// and by some more if they are cheap, because the first costs the reserve; false if there is nothing to gain.
    func reclaim() -> Bool {
        let before = state.withLock { $0.allocated }
        // Where room is short who needs it looks for it, and not two at once: from now on writers do all of it.
        keeper?.stop()
        if state.withLock({ $0.allocated }) < before { return true }
        return cleaner.withLock { buffers in
            let occupied = state.withLock { $0.occupied }
            var freed = 0
            for _ in 0..<before where freed < 4 {
                let gain = freed == 0 ? LogState.leastGain : LogState.segmentSize / 8
                if !cleanOne(gain: gain, &buffers) {
                    // Emptied segments make room to go on, but of a kept image at the price of a wait for the disk.
                    guard state.withLock({ !$0.emptied.isEmpty }) else { break }
                    punchEmptied(evenFew: true)
                }
                freed = occupied - state.withLock { $0.occupied }
            }
            punchEmptied(evenFew: true)
            if state.withLock({ $0.allocated }) < before { return true }
            guard trim(LogState.segmentSize) else { return false }
            if state.withLock({ $0.reserve == nil }) { try? ensureReserve() }
            return true
        }
    }

    /// Cleans all that is worth it, and says how many segments the image became shorter by.
    func compact() -> Int {
        cleaner.withLock { buffers in
            let before = state.withLock { $0.allocated }
            // Every round frees a segment; writers that go on meanwhile must not keep this going for ever.
            for _ in 0..<before {
                guard cleanOne(gain: LogState.segmentSize / 16, &buffers) else { break }
            }
            punchEmptied(evenFew: true)
            return max(0, before - state.withLock { $0.allocated })
        }
    }

    /// Cleans one segment; false if none has `gain` bytes to give, or there is no room to move its pages to.
    private func cleanOne(gain: Int, _ buffers: inout CleanerBuffers?) -> Bool {
        guard let victim = state.withLock({ $0.pickVictim(gain: gain) }) else { return false }
        let memory = buffers ?? CleanerBuffers()
        buffers = memory
        var moved = false
        do {
            try gather(from: victim, memory)
            try move(memory)
            moved = true
        } catch {
            // The victim keeps what could not be moved.
        }
        memory.moves.removeAll(keepingCapacity: true)
        state.withLock { $0.finishCleaning(victim, moved: moved) }
        punchEmptied()
        return moved
    }

    /// Copies the intact live records of the victim to the target buffer.
    private func gather(from victim: Int, _ memory: CleanerBuffers) throws(Errno) {
        let start = UInt64(victim) * UInt64(LogState.segmentSize)
        let used = state.withLock { $0.segments[victim].used }
        try file.read(at: start, into: memory.source, count: used)
        let known = tables.withLock { $0 }
        var filled = 0
        var walk = RecordWalk(bytes: memory.source, count: used, salt: salt)
        while let (position, header) = walk.next() {
            guard let table = known[header.table], table.points(page: header.page, to: start + UInt64(position)) else {
                continue
            }
            // A damaged record stays where its damage can be reported.
            guard header.isIntact(at: memory.source + position, salt: salt) else { continue }
            let span = header.span
            (memory.target + filled).copyMemory(from: memory.source + position, byteCount: span)
            memory.moves.append(
                .init(table: table, page: header.page, from: start + UInt64(position), position: filled, span: span)
            )
            filled += span
        }
    }

    /// Writes the gathered records to the cleaner's segment and points their entries there.
    private func move(_ memory: CleanerBuffers) throws(Errno) {
        var done = 0
        while done < memory.moves.count {
            let first = done
            let room = try reserve(.cleaner, records: memory.moves.count - first) { memory.moves[first + $0].span }
            let base = memory.moves[first].position
            do {
                try file.write(at: room.extent.offset, from: memory.target + base, count: room.extent.bytes)
            } catch {
                abandon(room)
                // On a full host the reserve is the last room that there is.
                if error == .noSpace, state.withLock({ $0.openReserve() }) { continue }
                throw error
            }
            let dead = memory.moves[first..<first + room.count].map { move in
                let target = room.extent.offset + UInt64(move.position - base)
                let swung = move.table.repoint(page: move.page, from: move.from, to: target)
                return Extent(offset: swung ? move.from : target, bytes: move.span)
            }
            dead.withUnsafeBufferPointer { settle(room.extent, releasing: $0) }
            done += room.count
        }
    }
}
