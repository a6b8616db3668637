import SystemPackage

extension PageTable {
    /// Writes one page.
    /// - Parameter buffer: exactly 4096 bytes.
    /// - Throws: `ENOMEM` over the memory limit, `ENOSPC` when the host is full, `EIO` after `free`, `EINVAL` beyond the
    ///   end, any other error of the host as it is. The page then keeps what it held.
    ///
    /// The kernel function is `zram_bvec_write`.
    public func write(page: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno) {
        precondition(buffer.count == PageGeometry.pageSize, "a page is 4096 bytes")
        guard page < pages else { throw .invalidArgument }
        let source = buffer.baseAddress!
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            try writeRun(page..<(page + 1), from: source, workspace)
        }
    }

    /// Writes whole pages of one run: compressed without a lock, then stored under one, with one host write.
    func writeRun(_ run: Range<UInt64>, from source: UnsafeRawPointer, _ workspace: Workspace) throws(Errno) {
        try stage(run, from: source, workspace)
        try reclaimingSpace { () throws(Errno) in
            try locks.withLock(of: run.lowerBound) { () throws(Errno) in try store(run, workspace) }
        }
    }

    private static let attempts = 16

    /// Runs a write, called with no lock held, and cleans after it; if the host is full, cleans and tries again, as long
    /// as that makes room: others may be faster to take it.
    @inline(__always)
    func reclaimingSpace(_ body: () throws(Errno) -> Bool) throws(Errno) {
        for attempt in 0... {
            do {
                if try body() { log.cleanSoon() }
                return
            } catch {
                guard error == .noSpace, attempt < Self.attempts, log.reclaim() else { throw error }
            }
        }
    }

    /// Makes records of the pages of a run in the staging buffer.
    func stage(_ run: Range<UInt64>, from source: UnsafeRawPointer, _ workspace: Workspace) throws(Errno) {
        var position = 0
        workspace.stored = 0
        for index in 0..<Int(run.upperBound - run.lowerBound) {
            let page = source + index * PageGeometry.pageSize
            if let word = SameFilled.word(of: page) {
                if log.keeps {
                    stage(word, as: .same, page: run.lowerBound + UInt64(index), index, &position, workspace)
                } else {
                    workspace.staged[index].entry = .same(word: word)
                    workspace.staged[index].span = 0
                }
                continue
            }
            let record = workspace.staging + position
            let payload = record + RecordHeader.size
            var length = workspace.compress(page, to: payload, with: compressor)
            guard length > 0 else { throw .ioError }
            var kind = RecordKind(algorithm)
            if length >= PageGeometry.hugeThreshold {
                payload.copyMemory(from: page, byteCount: PageGeometry.pageSize)
                length = PageGeometry.pageSize
                kind = .raw
            }
            RecordHeader.stage(
                record,
                table: id,
                page: run.lowerBound + UInt64(index),
                kind: kind,
                length: length,
                salt: log.salt
            )
            let span = RecordHeader.span(length: length)
            workspace.staged[index].entry = .stored(offset: 0, length: length, huge: kind == .raw)
            workspace.staged[index].position = position
            workspace.staged[index].span = span
            position += span
        }
    }

    /// Makes a record of a page that is one word, or none.
    func stage(
        _ word: UInt64, as kind: RecordKind, page: UInt64, _ index: Int, _ position: inout Int, _ workspace: Workspace
    ) {
        let record = workspace.staging + position
        record.storeBytes(of: word, toByteOffset: RecordHeader.size, as: UInt64.self)
        RecordHeader.stage(
            record, table: id, page: page, kind: kind, length: RecordHeader.wordSize, salt: log.salt)
        workspace.staged[index].entry = kind == .same ? .recordedSame(offset: 0) : .recordedEmpty(offset: 0)
        workspace.staged[index].position = position
        workspace.staged[index].span = RecordHeader.span(length: RecordHeader.wordSize)
        position += workspace.staged[index].span
    }
}
