import SystemPackage

/// From the staging buffer to the log and the table; all under the page lock.
extension PageTable {
    /// Stores the staged pages of a run, in order; on an error the pages before the one that failed are stored.
    /// - Returns: whether the log had to open a segment, which is the time to think of cleaning.
    ///
    /// - Parameter isAccess: whether somebody wrote the pages, or they are only recompressed.
    /// - Parameter head: who appends.
    func store(
        _ run: Range<UInt64>, _ workspace: Workspace, isAccess: Bool = true, head: LogState.Head = .disks
    ) throws(Errno) -> Bool {
        guard !isGone else { throw .ioError }
        let count = Int(run.upperBound - run.lowerBound)
        let admitted = admit(run, count, workspace, isLimited: isAccess)
        if isAccess { times?.note(run) }
        var openedSegment = false
        while workspace.stored < admitted {
            do {
                let (stored, opened) = try append(run, from: workspace.stored, to: admitted, workspace, head)
                workspace.stored = stored
                openedSegment = openedSegment || opened
            } catch {
                accounts.withLock { counters in
                    for index in workspace.stored..<admitted {
                        counters.revert(workspace.staged[index].entry, to: workspace.staged[index].old)
                    }
                }
                throw error
            }
        }
        guard admitted == count else { throw .noMemory }
        return openedSegment
    }

    /// Counts the staged pages in as far as the memory limit allows, and says how many those are.
    private func admit(_ run: Range<UInt64>, _ count: Int, _ workspace: Workspace, isLimited: Bool) -> Int {
        map.touch(run.lowerBound)
        return accounts.withLock { counters in
            for index in workspace.stored..<count {
                let old = map[run.lowerBound + UInt64(index)]
                workspace.staged[index].old = old
                guard counters.admit(workspace.staged[index].entry, replacing: old, isLimited: isLimited) else {
                    return index
                }
            }
            return count
        }
    }

    /// Appends as many of the pages as fit into one segment; says up to which page all is done.
    private func append(
        _ run: Range<UInt64>,
        from first: Int,
        to end: Int,
        _ workspace: Workspace,
        _ head: LogState.Head
    ) throws(Errno) -> (Int, Bool) {
        var next = first
        // Same-filled pages take no room; the records behind them are back to back in the staging buffer.
        while next < end, workspace.staged[next].span == 0 { next += 1 }
        guard next < end else {
            let dead = swing(run, first..<end, by: 0, workspace)
            log.release(UnsafeBufferPointer(start: workspace.released, count: dead))
            return (end, false)
        }
        let room = try log.reserve(head, records: end - next) { workspace.staged[next + $0].span }
        let base = workspace.staged[next].position
        for index in next..<(next + room.count) where workspace.staged[index].span > 0 {
            RecordHeader.seal(
                workspace.staging + workspace.staged[index].position,
                sequence: room.sequence + UInt64(index - next),
                salt: log.salt
            )
        }
        do {
            try log.write(room, from: workspace.staging + base)
        } catch {
            log.abandon(room)
            throw error
        }
        let stored = next + room.count
        let dead = swing(run, first..<stored, by: Int64(room.extent.offset) - Int64(base), workspace)
        log.settle(room.extent, releasing: UnsafeBufferPointer(start: workspace.released, count: dead))
        return (stored, room.openedSegment)
    }

    /// Points the pages to their new records and collects the old ones; says how many those are.
    private func swing(_ run: Range<UInt64>, _ part: Range<Int>, by shift: Int64, _ workspace: Workspace) -> Int {
        var dead = 0
        for index in part {
            var entry = workspace.staged[index].entry
            if entry.hasRecord { entry.value = UInt64(Int64(workspace.staged[index].position) + shift) }
            map[run.lowerBound + UInt64(index)] = entry
            let old = workspace.staged[index].old
            if old.isWrittenBack { leaveBlock(run.lowerBound + UInt64(index), old) }
            guard old.hasRecord else { continue }
            workspace.released[dead] = Extent(offset: old.value, bytes: old.span)
            dead += 1
        }
        return dead
    }
}
