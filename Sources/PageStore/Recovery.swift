import SystemPackage

/// Finds in the log of an image what its disks hold: of each page the record with the highest number.
///
/// Torn records fail their checksums and were never promised. A record that fails although it was on the disk (`marks`)
/// is damage: its page is pointed at it, so that reading it is an error and not an older content.
final class Recovery {
    /// What is to become of the image.
    enum Purpose {
        /// It is used again. Whatever makes it uncertain which disks and pages there are is an error.
        case use
        /// It is used again, without what is lost.
        case repair
        /// It is read, and not touched.
        case read
    }

    struct Suspect {
        var header: RecordHeader
        var offset: UInt64
        /// It was on the host's disk: its page is lost, unless there is a newer record.
        var isPromised: Bool
    }

    let path: String
    let file: ImageFile
    let superblock: Superblock
    let log: SegmentLog
    let purpose: Purpose
    let directory: TableDirectory
    var parts: [UInt32: RecoveredTable] = [:]
    var suspects: [Suspect] = []
    /// Records that a summary tells of, and whose headers are damaged.
    var lost: [Int: [(position: Int, header: RecordHeader)]] = [:]
    /// Segments that had to be read, and where their records end.
    var scanned: [Int: Int] = [:]
    /// How many records there are in those.
    var records: [Int: Int] = [:]
    /// Of segments whose summaries were believed: where their records end.
    var summarized: [Int: Int] = [:]
    /// And when the summaries were made.
    var stamps: [Int: UInt64] = [:]
    var mark = SyncMarks.Mark()
    var highest: UInt64 = 0
    var nextTable: UInt32 = 1
    /// Of each table, what the list of disks says.
    private var storedPages: [UInt32: UInt64] = [:]
    private let options: TableOptions
    private(set) var problems: [ImageReport.Problem] = []
    /// A backing device that cannot be opened.
    private(set) var missing: ImageError?
    /// Told of the bytes that were searched, and of all.
    var onProgress: ((UInt64, UInt64) -> Void)?

    init(
        _ path: String, _ file: ImageFile, _ superblock: Superblock, for purpose: Purpose, capacity: UInt64?,
        _ options: TableOptions
    ) {
        self.path = path
        self.file = file
        self.superblock = superblock
        self.purpose = purpose
        self.options = options
        log = SegmentLog(keeping: file, salt: superblock.salt, capacity: capacity)
        directory = TableDirectory(file: file, log: log)
    }

    /// - Throws: `damaged`, for use, if it is uncertain what there is; `host`.
    func run() throws(ImageError) -> Image {
        do throws(Errno) {
            mark = try SyncMarks.read(from: file)
            log.marks?.adopt(mark)
            nextTable = UInt32(clamping: max(1, mark.nextTable))
            let length = try file.size()
            if length < mark.length {
                note(length, "the file ends here, but was \(mark.length) bytes long")
            }
            if length > Self.longest { note(Self.longest, "no image is that long") }
            if problems.isEmpty || purpose != .use { try readDirectory() }
        } catch {
            throw .host(path, "read the image", error)
        }
        try refuseIfUncertain()
        do throws(Errno) {
            try scan()
        } catch {
            throw .host(path, "read the image", error)
        }
        try refuseIfUncertain()
        do throws(Errno) {
            for suspect in suspects where suspect.isPromised {
                adopt(suspect.header, suspect.offset, isDamaged: true)
            }
            compareWithEnd()
            if purpose != .use || problems.isEmpty { try settleBooks() }
        } catch {
            throw .host(path, "read the image", error)
        }
        try refuseIfUncertain()
        let image = Image(keeping: path, file: file, superblock: superblock, directory, log, nextTable: nextTable)
        for part in parts.values.sorted(by: { $0.table.id < $1.table.id }) {
            log.tables.withLock { $0[part.table.id] = part.table }
            // Of two tables for one disk the later is the disk's; the other is what a buggy exit left behind.
            image.kept.withLock { $0[part.table.disk] = part.table }
        }
        return image
    }

    /// An image that was closed properly is as its user left it, or something is missing.
    private func compareWithEnd() {
        guard superblock.state == .clean, let digest = superblock.digest, problems.isEmpty else { return }
        var sum: UInt64 = 0
        var missing: [String] = []
        for part in parts.values.sorted(by: { $0.table.id < $1.table.id }) {
            let found = RecordDigest(of: part.table)
            sum &+= found.sum
            guard let stored = storedPages[part.table.id], stored != found.pages else { continue }
            missing.append("; of \(part.table.disk) there are \(found.pages) pages, and were \(stored)")
        }
        guard sum != digest else { return }
        note(UInt64(LogState.segmentSize), "records are not where they were when it was closed\(missing.joined())")
    }

    private func refuseIfUncertain() throws(ImageError) {
        if purpose != .read, let missing { throw missing }
        guard purpose == .use, let problem = problems.first else { return }
        throw ImageError(
            .damaged, path: path, problem.message,
            remedy: "zramfs image export saves what is whole; zramfs image repair goes on without the rest",
            offset: problem.offset)
    }

    /// Far more than a host's file system has: its books would not fit into memory.
    private static let longest: UInt64 = 1 << 44

    func note(_ offset: UInt64, _ message: String) { problems.append(.init(offset: offset, message: message)) }

    private func readDirectory() throws(Errno) {
        let count = TableDirectory.slotCount * TableDirectory.slotSize
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 8)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        let got = try file.readAvailable(at: TableDirectory.offset, into: bytes.baseAddress!, count: bytes.count)
        if got < bytes.count { note(TableDirectory.offset + UInt64(got), "the file ends within the list of disks") }
        var slots: [TableDirectory.Slot?] = []
        var infos: [TableInfo] = []
        var names = BackingNames()
        var unsound: [(slot: Int, bytes: [UInt8])] = []
        for slot in 0..<TableDirectory.slotCount {
            let start = slot * TableDirectory.slotSize
            let first = bytes[start..<(start + TableDirectory.slotSize)]
            let second = bytes[(count + start)..<(count + start + TableDirectory.slotSize)]
            let (finding, isSound) = TableDirectory.decode(.init(rebasing: first), .init(rebasing: second))
            slots.append(nil)
            switch finding {
            case .entry(.table(let info, .incomplete)):
                unsound.append((slot, TableDirectory.empty))
                nextTable = max(nextTable, info.id &+ 1)
            case .entry(.table(let info, let condition)):
                if !isSound { unsound.append((slot, TableDirectory.encode(info, condition))) }
                slots[slot] = .init(id: info.id)
                infos.append(info)
                nextTable = max(nextTable, info.id &+ 1)
            case .entry(.backing(let id, let piece, let text)):
                if !isSound {
                    unsound.append(
                        (slot, Array((try? DirectoryEntry.decode(.init(rebasing: first))) == nil ? second : first)))
                }
                slots[slot] = .init(id: id, isBacking: true)
                names.add(id, piece, text)
            case .empty:
                if !isSound { unsound.append((slot, TableDirectory.empty)) }
            case .damaged:
                note(TableDirectory.place(of: slot, copy: 0), "the list of disks is damaged")
                unsound.append((slot, TableDirectory.empty))
            }
        }
        for info in infos {
            storedPages[info.id] = info.storedPages
            var options = options
            options.backing = names[info.id].flatMap { openBacking($0, info.disk) }
            parts[info.id] = try RecoveredTable(
                PageTable(info: info, options: options, log: log, directory: directory))
        }
        // Of a table that was being made, or struck out.
        for slot in slots.indices {
            guard let owner = slots[slot], owner.isBacking, parts[owner.id] == nil else { continue }
            unsound.append((slot, TableDirectory.empty))
            slots[slot] = nil
        }
        while let last = slots.last, last == nil { slots.removeLast() }
        directory.adopt(slots)
        if purpose == .repair || purpose == .use && problems.isEmpty { try directory.write(unsound) }
    }

    /// Without its backing device a disk cannot be used, nor repaired, for pages would be lost that are there.
    private func openBacking(_ path: String, _ disk: String) -> BackingFile? {
        do throws(Errno) {
            return try BackingFile(opening: path)
        } catch {
            missing = missing ?? .host(path, "open what \(disk) writes pages back to", error)
            return nil
        }
    }
}
