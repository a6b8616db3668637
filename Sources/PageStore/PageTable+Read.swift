import SystemPackage

extension PageTable {
    /// Reads one page; a page that was never written, or was discarded, is zeroes.
    /// - Parameter buffer: exactly 4096 bytes.
    /// - Throws: `EIO` if the stored page fails its checksum, or after `free`; `EINVAL` beyond the end; an error of the
    ///   host as it is.
    ///
    /// The kernel function is `zram_bvec_read`.
    public func read(page: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
        precondition(buffer.count == PageGeometry.pageSize, "a page is 4096 bytes")
        guard page < pages else { throw .invalidArgument }
        let target = buffer.baseAddress!
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            try readRun(page..<(page + 1), into: target, workspace)
        }
    }

    /// Reads whole pages of one run: one lock, one read for each stretch of neighbouring records.
    func readRun(
        _ run: Range<UInt64>,
        into target: UnsafeMutableRawPointer,
        _ workspace: Workspace
    ) throws(Errno) {
        defer { unpin(workspace) }
        try locks.withLock(of: run.lowerBound) { () throws(Errno) in try fetch(run, workspace) }
        try fetchBacked(workspace)
        try decode(run, into: target, workspace)
    }

    /// Copies the entries of a run and the records that they point to. The caller holds the page lock. Pages on the
    /// backing device are pinned alone: `fetchBacked` follows, and `unpin`, also after an error.
    ///
    /// - Parameter isAccess: whether somebody reads the pages, who then are no longer idle.
    func fetch(_ run: Range<UInt64>, _ workspace: Workspace, isAccess: Bool = true) throws(Errno) {
        guard !isGone else { throw .ioError }
        if isAccess { times?.note(run) }
        var position = 0
        var pending = Extent(offset: 0, bytes: 0)
        for page in run {
            var entry = map[page]
            if isAccess, entry.isIdle || entry.isUnderWriteback {
                entry.isIdle = false
                entry.isUnderWriteback = false
                map[page] = entry
            }
            workspace.entries[Int(page - run.lowerBound)] = entry
            guard entry.isInRecord else {
                guard entry.isWrittenBack else { continue }
                try flush(&pending, at: &position, workspace)
                pending.bytes = 0
                try pin(page, entry, at: position, workspace)
                position += PageGeometry.pageSize
                continue
            }
            if pending.bytes > 0, pending.offset + UInt64(pending.bytes) == entry.value,
                entry.value % UInt64(LogState.segmentSize) != 0
            {
                pending.bytes += entry.span
                continue
            }
            try flush(&pending, at: &position, workspace)
            pending = Extent(offset: entry.value, bytes: entry.span)
        }
        try flush(&pending, at: &position, workspace)
    }

    @inline(__always)
    private func flush(_ extent: inout Extent, at position: inout Int, _ workspace: Workspace) throws(Errno) {
        guard extent.bytes > 0 else { return }
        try log.read(extent, into: workspace.fetched + position)
        position += extent.bytes
    }

    /// Turns fetched records into pages; needs no lock.
    func decode(
        _ run: Range<UInt64>,
        into target: UnsafeMutableRawPointer,
        _ workspace: Workspace
    ) throws(Errno) {
        var position = 0
        for index in 0..<Int(run.upperBound - run.lowerBound) {
            let entry = workspace.entries[index]
            let page = target + index * PageGeometry.pageSize
            if entry.isWrittenBack {
                page.copyMemory(from: workspace.fetched + position, byteCount: PageGeometry.pageSize)
                position += PageGeometry.pageSize
                continue
            }
            guard entry.isInRecord else {
                SameFilled.fill(page, with: entry.isSame ? entry.value : 0)
                continue
            }
            let record = workspace.fetched + position
            position += entry.span
            guard let header = RecordHeader(from: record, salt: log.salt), Int(header.length) == entry.length,
                header.table == id,
                header.page == run.lowerBound + UInt64(index), header.isIntact(at: record, salt: log.salt),
                workspace.decompress(
                    record + RecordHeader.size,
                    length: entry.length,
                    kind: header.kind,
                    to: page
                )
            else {
                log.damaged(disk, run.lowerBound + UInt64(index), entry.value)
                throw .ioError
            }
        }
    }
}
