import Glibc
import SystemPackage

/// Reads an image and says what is in it; the image is not changed.
/// - Parameters:
///   - path: the image.
///   - check: whether to verify every checksum, too. An image that is in use is not checked: it changes meanwhile.
///   - onProgress: told of the bytes that were read, and of all.
/// - Throws: `ImageError` if the file is no image, or cannot be read. Damage behind the superblock is no error but a
///   problem in the report.
public func inspect(
    imageAt path: String, check: Bool, onProgress: ((UInt64, UInt64) -> Void)? = nil
) throws(ImageError) -> ImageReport {
    let file = try ImageFile.open(path, flags: ImageFile.readOnly, action: "open the image")
    let isUnused = file.tryLock(exclusive: false)
    let superblock = try file.superblock(path)
    do throws(Errno) {
        var report = ImageReport(
            path: path,
            version: superblock.version,
            uuid: superblock.uuidText,
            created: superblock.created,
            state: !isUnused ? .inUse : superblock.state == .clean ? .clean : .notClosed,
            fileSize: try file.size(),
            segmentSize: superblock.segmentSize,
            keepsDisks: superblock.flags & Superblock.kept != 0,
            checked: check && isUnused
        )
        try readDirectory(of: file, into: &report)
        let mark = report.keepsDisks ? try SyncMarks.read(from: file) : nil
        if let mark, report.fileSize < mark.length {
            let message = "the file ends here, but was \(mark.length) bytes long"
            report.problems.append(.init(offset: report.fileSize, message: message))
        }
        guard report.state != .inUse else { return report }
        var scan = LogScan(
            tables: report.tables.map(\.info), salt: superblock.salt, verifies: check, promised: mark?.sequence ?? .max)
        try scan.run(over: file, size: report.fileSize, onProgress)
        scan.complete(&report)
        if report.checked, report.keepsDisks { readPages(path, file, superblock, &report, onProgress) }
        return report
    } catch {
        throw .host(path, "read the image", error)
    }
}

/// Reads every page as a mount would, so that nothing that a read finds is missed here.
private func readPages(
    _ path: String, _ file: ImageFile, _ superblock: Superblock, _ report: inout ImageReport,
    _ onProgress: ((UInt64, UInt64) -> Void)?
) {
    let recovery = Recovery(path, file, superblock, for: .read, capacity: nil, TableOptions())
    var found: [ImageReport.Problem] = []
    do throws(ImageError) {
        let image = try recovery.run()
        found += recovery.problems
        if let missing = recovery.missing { found.append(.init(offset: 0, message: missing.description)) }
        for table in image.log.tables.withLock({ Array($0.values) }).sorted(by: { $0.id < $1.id }) {
            found += table.unreadable(onProgress)
        }
        image.shut()
    } catch {
        found.append(.init(offset: error.offset ?? 0, message: error.message))
    }
    let known = report.problems
    report.problems += found.filter { problem in
        !known.contains {
            $0.offset == problem.offset || problem.page != nil && $0.disk == problem.disk && $0.page == problem.page
        }
    }
}

extension PageTable {
    /// The pages that cannot be read, and why.
    fileprivate func unreadable(_ onProgress: ((UInt64, UInt64) -> Void)?) -> [ImageReport.Problem] {
        var found: [ImageReport.Problem] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: PageGeometry.runLength * PageGeometry.pageSize, alignment: 4096)
        defer { buffer.deallocate() }
        map.forEachRun(in: 0..<pages) { run in
            onProgress?(run.lowerBound, pages)
            guard map.isTouched(run.lowerBound) else { return }
            let count = Int(run.upperBound - run.lowerBound) * PageGeometry.pageSize
            let all = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            if (try? readRange(byteOffset: run.lowerBound << PageGeometry.pageShift, into: all)) != nil { return }
            let one = UnsafeMutableRawBufferPointer(rebasing: buffer[..<PageGeometry.pageSize])
            for page in run where (try? read(page: page, into: one)) == nil {
                let entry = map[page]
                let message =
                    entry.isWrittenBack
                    ? "a page cannot be read from the backing device" : "a stored page cannot be read"
                found.append(.init(offset: entry.value, message: message, disk: disk, page: page))
            }
        }
        return found
    }
}

private func readDirectory(of file: ImageFile, into report: inout ImageReport) throws(Errno) {
    let count = TableDirectory.slotCount * TableDirectory.slotSize
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * count, alignment: 8)
    defer { bytes.deallocate() }
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    let got = try file.readAvailable(at: TableDirectory.offset, into: bytes.baseAddress!, count: bytes.count)
    if got < bytes.count {
        let end = TableDirectory.offset + UInt64(got)
        report.problems.append(.init(offset: end, message: "the file ends within the table directory"))
    }
    let keeps = report.keepsDisks
    var names = BackingNames()
    for slot in 0..<TableDirectory.slotCount {
        let start = slot * TableDirectory.slotSize
        let first = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + TableDirectory.slotSize)])
        let second = UnsafeRawBufferPointer(
            rebasing: bytes[(count + start)..<(count + start + TableDirectory.slotSize)])
        // A volatile image has no second copy.
        let (finding, isSound) = TableDirectory.decode(first, keeps ? second : first)
        let place = TableDirectory.place(of: slot, copy: 0)
        switch finding {
        case .entry(let entry):
            switch entry {
            case .table(let info, .incomplete):
                let message = "a disk that was not filled to its end, and will be forgotten"
                report.problems.append(.init(offset: place, message: message, disk: info.disk))
            case .table(let info, let condition):
                report.tables.append(.init(info: info, isLeaked: condition == .leaked))
            case .backing(let id, let piece, let text): names.add(id, piece, text)
            }
            if !isSound {
                report.problems.append(.init(offset: place, message: "of a directory entry one copy is left"))
            }
        case .empty: break
        case .damaged: report.problems.append(.init(offset: place, message: "a directory entry is damaged"))
        }
    }
    for index in report.tables.indices { report.tables[index].info.backing = names[report.tables[index].info.id] }
}
