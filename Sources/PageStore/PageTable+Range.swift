import SystemPackage

/// Byte ranges, as requests of the file system bring them: whole pages go run by run, the ends page by page.
extension PageTable {
    /// Writes any range of bytes; a page that is covered in part is read, changed and stored while no other operation
    /// sees it.
    /// - Throws: as `write(page:from:)`; the range up to the page that failed is then written.
    ///
    /// The kernel function is `zram_bvec_write`.
    public func writeRange(byteOffset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno) {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return }
        try check(byteOffset, buffer.count)
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            try forEachPiece(byteOffset, buffer.count) { run, offset, length, done throws(Errno) in
                if length == Int(run.upperBound - run.lowerBound) * PageGeometry.pageSize {
                    try writeRun(run, from: base + done, workspace)
                } else {
                    try modify(run.lowerBound, at: offset, from: base + done, count: length, workspace)
                }
            }
        }
    }

    /// Reads any range of bytes.
    /// - Throws: as `read(page:into:)`.
    ///
    /// The kernel function is `zram_bvec_read`.
    public func readRange(byteOffset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return }
        try check(byteOffset, buffer.count)
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            try forEachPiece(byteOffset, buffer.count) { run, offset, length, done throws(Errno) in
                if length == Int(run.upperBound - run.lowerBound) * PageGeometry.pageSize {
                    try readRun(run, into: base + done, workspace)
                } else {
                    try readRun(run, into: workspace.page, workspace)
                    (base + done).copyMemory(from: workspace.page + offset, byteCount: length)
                }
            }
        }
    }

    private func check(_ offset: UInt64, _ count: Int) throws(Errno) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        guard !overflow, end <= pages << PageGeometry.pageShift else { throw .invalidArgument }
    }

    /// Cuts a range into whole pages of one run, and parts of single pages. The body gets the pages, the offset in the
    /// first one, the length of the piece, and how many bytes came before it.
    private func forEachPiece(
        _ start: UInt64,
        _ count: Int,
        _ body: (Range<UInt64>, Int, Int, Int) throws(Errno) -> Void
    ) throws(Errno) {
        let size = UInt64(PageGeometry.pageSize)
        let end = start + UInt64(count)
        var position = start
        while position < end {
            let page = position / size
            let within = position % size
            let runEnd = (page / UInt64(PageGeometry.runLength) + 1) * UInt64(PageGeometry.runLength)
            let last: UInt64
            let next: UInt64
            if within == 0, end - position >= size {
                last = min(runEnd, end / size)
                next = last * size
            } else {
                last = page + 1
                next = min(last * size, end)
            }
            try body(page..<last, Int(within), Int(next - position), Int(position - start))
            position = next
        }
    }

    private func modify(
        _ page: UInt64,
        at offset: Int,
        from source: UnsafeRawPointer,
        count: Int,
        _ workspace: Workspace
    ) throws(Errno) {
        let run = page..<(page + 1)
        try reclaimingSpace { () throws(Errno) in
            try withContent(of: page, workspace) { () throws(Errno) in
                (workspace.page + offset).copyMemory(from: source, byteCount: count)
                try stage(run, from: workspace.page, workspace)
                return try store(run, workspace)
            }
        }
    }
}
