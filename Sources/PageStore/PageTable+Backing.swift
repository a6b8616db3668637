import SystemPackage

/// What the record of a page on the backing device says: block (8 bytes), checksum of the page, zero (4 each).
struct BackedPage {
    static let size = 16
    var block: UInt64
    var sum: UInt32

    init(block: UInt64, sum: UInt32) {
        self.block = block
        self.sum = sum
    }

    init(from payload: UnsafeRawPointer) {
        block = payload.loadUnaligned(as: UInt64.self)
        sum = payload.loadUnaligned(fromByteOffset: 8, as: UInt32.self)
    }

    func write(to payload: UnsafeMutableRawPointer) {
        payload.storeBytes(of: block, as: UInt64.self)
        payload.storeBytes(of: UInt64(sum), toByteOffset: 8, as: UInt64.self)
    }
}

/// Pages on the backing device of an image that is kept: a record says where each is. All under the page lock.
extension PageTable {
    /// Where a written-back page is; nil if its record is damaged.
    func backed(_ page: UInt64, _ entry: PageEntry) -> BackedPage? {
        withUnsafeTemporaryAllocation(byteCount: entry.span, alignment: 16) { record in
            let record = record.baseAddress!
            guard (try? log.read(Extent(offset: entry.value, bytes: entry.span), into: record)) != nil,
                let header = RecordHeader(from: record, salt: log.salt), header.table == id, header.page == page,
                header.kind == RecordKind.writtenBack.rawValue, Int(header.length) == BackedPage.size,
                header.isIntact(at: record, salt: log.salt)
            else { return nil }
            return BackedPage(from: record + RecordHeader.size)
        }
    }

    /// Reads a page that was written back.
    /// - Throws: `EIO` if that is not what was written there, or cannot be read; of a volatile image the host's error.
    func readBack(_ page: UInt64, _ entry: PageEntry, into target: UnsafeMutableRawPointer) throws(Errno) {
        guard entry.hasRecord else { return try backing!.read(entry.value, into: target) }
        guard let place = backed(page, entry), isBacked(place, target) else {
            log.damaged(disk, page, entry.value)
            throw .ioError
        }
    }

    /// Reads what is at a place, and says whether that is what was written there.
    func isBacked(_ place: BackedPage, _ target: UnsafeMutableRawPointer) -> Bool {
        guard let backing, place.block < backing.blocks, (try? backing.read(place.block, into: target)) != nil
        else { return false }
        return Checksum.of(target, count: PageGeometry.pageSize, seed: log.salt) == place.sum
    }

    /// Gives the block of a page up that is somewhere else now, or nowhere.
    func leaveBlock(_ page: UInt64, _ old: PageEntry) {
        guard let backing else { return }
        guard old.hasRecord else { return backing.release(old.value) }
        // If the record cannot be read the block is lost until the image is opened anew.
        if let place = backed(page, old), place.block < backing.blocks { backing.retire(place.block) }
    }

    /// Takes a block; those that are given up come back with a wait for the image.
    func takeBlock(_ backing: BackingFile) throws(Errno) -> UInt64? {
        if let block = backing.allocate() { return block }
        guard log.keeps else { return nil }
        try log.synchronize()
        return backing.allocate()
    }

    /// Moves a page to a block, and says so in the log; false if the page no longer is what the filter asks for.
    ///
    /// The page is on the device's disk before the record is written: whichever record a crash leaves, its page is there.
    func recordBack(
        _ page: UInt64, _ filter: PageFilter, _ block: UInt64, _ backing: BackingFile
    ) throws(Errno) -> Bool {
        let run = page..<(page + 1)
        var isMoved = false
        try log.workspaces.withWorkspace { workspace throws(Errno) in
            try reclaimingSpace { () throws(Errno) in
                try locks.withLock(of: page) { () throws(Errno) in
                    guard !isGone else { throw .ioError }
                    guard filter.admits(map[page]) else { return false }
                    try fetch(run, workspace, isAccess: false)
                    try decode(run, into: workspace.page, workspace)
                    try backing.write(block, from: workspace.page)
                    try backing.file.synchronize()
                    let sum = Checksum.of(workspace.page, count: PageGeometry.pageSize, seed: log.salt)
                    BackedPage(block: block, sum: sum).write(to: workspace.staging + RecordHeader.size)
                    RecordHeader.stage(
                        workspace.staging, table: id, page: page, kind: .writtenBack, length: BackedPage.size,
                        salt: log.salt)
                    workspace.stored = 0
                    workspace.staged[0].entry = .recordedBack(offset: 0)
                    workspace.staged[0].position = 0
                    workspace.staged[0].span = RecordHeader.span(length: BackedPage.size)
                    let openedSegment = try store(run, workspace, isAccess: false)
                    times?[page] = 0
                    isMoved = true
                    return openedSegment
                }
            }
        }
        return isMoved
    }
}
