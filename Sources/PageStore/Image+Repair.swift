import SystemPackage

/// What a repair did.
public struct RepairReport: Sendable, Equatable, Codable {
    /// A page of a disk.
    public struct Page: Sendable, Equatable, Codable {
        /// The disk's name.
        public var disk: String
        /// The page's number, in pages of 4096 bytes.
        public var page: UInt64
        /// Where its record was, in bytes from the beginning of the image.
        public var offset: UInt64
    }

    /// What was wrong with the image itself; disks whose entries are damaged are gone.
    public var problems: [ImageReport.Problem] = []
    /// Pages that a single wrong bit had made unreadable, and that are whole again.
    public var restored: [Page] = []
    /// Pages that could not be read; they are zeroes now.
    public var lost: [Page] = []
    /// The disks that the image has.
    public var disks: [TableInfo] = []
}

extension Image {
    /// Opens an image to read what is whole in it; the file is not changed.
    ///
    /// Volatile images, too: what a buggy module left there, or a killed daemon; but their pages of one repeated word
    /// are nowhere in the file, and read as zeroes.
    /// - Returns: the image, and what is wrong with it beyond single pages.
    /// - Throws: `ImageError`.
    public static func reading(
        _ path: String, onProgress: ((UInt64, UInt64) -> Void)? = nil
    ) throws(ImageError) -> (Image, [ImageReport.Problem]) {
        let file = try ImageFile.open(path, flags: ImageFile.readOnly, action: "open the image")
        guard file.tryLock(exclusive: false) else { throw .inUse(path) }
        let superblock = try file.superblock(path)
        let recovery = Recovery(path, file, superblock, for: .read, capacity: nil, TableOptions())
        recovery.onProgress = onProgress
        return (try recovery.run(), recovery.problems)
    }

    /// Makes an image that is kept usable again: what cannot be read is given up, all else stays.
    /// - Parameter onProgress: told of the bytes, and then of the pages, that were looked at, and of all.
    /// - Throws: `ImageError`: the superblock and its copy are both damaged, or the host refuses.
    public static func repair(
        _ path: String, onProgress: ((UInt64, UInt64) -> Void)? = nil
    ) throws(ImageError) -> RepairReport {
        let (file, before) = try ImageFile.claim(path, flags: 0)
        guard let before, before.flags & Superblock.kept != 0 else {
            throw .volatile(path)
        }
        let recovery = Recovery(path, file, before, for: .repair, capacity: nil, TableOptions())
        recovery.onProgress = onProgress
        let image = try recovery.run()
        try image.enter()
        var report = RepairReport(problems: recovery.problems)
        do throws(Errno) {
            for table in image.kept.withLock({ Array($0.values) }) {
                try table.repair(&report, onProgress)
            }
            // Both marks have to say how long the file is now.
            try image.log.synchronize()
            try image.log.synchronize()
        } catch {
            throw .host(path, "repair the image", error)
        }
        report.disks = image.keptDisks
        image.close(clean: true)
        return report
    }
}

extension PageTable {
    /// Reads every page; puts right what a single wrong bit broke, and drops what is lost.
    fileprivate func repair(_ report: inout RepairReport, _ onProgress: ((UInt64, UInt64) -> Void)?) throws(Errno) {
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: PageGeometry.pageSize, alignment: 16)
        defer { page.deallocate() }
        var number: UInt64 = 0
        while number < pages {
            defer { number += 1 }
            guard map.isTouched(number) else {
                number |= UInt64(PageGeometry.runLength - 1)
                continue
            }
            guard map[number].hasRecord else { continue }
            if number & 0xFFF == 0 { onProgress?(number, pages) }
            let entry = map[number]
            let found = RepairReport.Page(disk: disk, page: number, offset: entry.value)
            if isWhole(number, entry, page) { continue }
            if entry.isEmpty {
                // Nothing but the note that it was dropped is lost.
                try discard(page: number)
            } else if try restore(number, entry, page) {
                report.restored.append(found)
            } else {
                report.lost.append(found)
                try discard(page: number)
            }
        }
    }

    private func isWhole(_ number: UInt64, _ entry: PageEntry, _ page: UnsafeMutableRawBufferPointer) -> Bool {
        guard entry.isEmpty else { return (try? read(page: number, into: page)) != nil }
        // A dropped page: its record says nothing more than that.
        return (try? log.file.read(at: entry.value, into: page.baseAddress!, count: entry.span)) != nil
            && RecordHeader(from: page.baseAddress!, salt: log.salt) != nil
    }

    /// Writes a page anew whose record is whole but for a bit of its header.
    private func restore(
        _ number: UInt64, _ entry: PageEntry, _ page: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Bool {
        let record = UnsafeMutableRawPointer.allocate(byteCount: entry.span, alignment: 16)
        defer { record.deallocate() }
        guard (try? log.file.read(at: entry.value, into: record, count: entry.span)) != nil,
            RecordHeader.repair(record, salt: log.salt),
            let header = RecordHeader(from: record, salt: log.salt), header.table == id, header.page == number,
            Int(header.length) == entry.length, header.isIntact(at: record, salt: log.salt)
        else { return false }
        let isDecoded = log.workspaces.withWorkspace { workspace in
            if entry.isWrittenBack { return isBacked(BackedPage(from: record + RecordHeader.size), page.baseAddress!) }
            return workspace.decompress(
                record + RecordHeader.size, length: entry.length, kind: header.kind, to: page.baseAddress!)
        }
        guard isDecoded else { return false }
        try write(page: number, from: UnsafeRawBufferPointer(page))
        return true
    }
}
