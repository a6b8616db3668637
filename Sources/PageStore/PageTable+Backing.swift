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

/// Pages on the backing device of an image that is kept: a record says where each is. All but `isBacked` under the page
/// lock.
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
}
