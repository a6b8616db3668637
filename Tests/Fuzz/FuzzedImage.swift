import Foundation
import PageStore
import SystemPackage

/// Whatever an image holds: opening, checking, reading, repairing and using it may fail, with an error. It must not crash,
/// and what was written into it must be there.
final class FuzzedImage {
    private let descriptor: Int32
    private let edits: ImageEdits
    private var path: String { "/proc/self/fd/\(descriptor)" }

    init() {
        var template = Array("/dev/shm/image-fuzz.XXXXXX".utf8CString)
        descriptor = mkstemp(&template)
        precondition(descriptor >= 0, "no file in memory: \(Errno(rawValue: errno))")
        unlink(template)
        edits = ImageEdits(of: Self.seed("/proc/self/fd/\(descriptor)", descriptor))
    }

    /// Two disks: one closed properly, and some more that only the log knows of.
    private static func seed(_ path: String, _ descriptor: Int32) -> [UInt8] {
        func write(_ table: PageTable, _ pages: Range<UInt64>) throws {
            for page in pages {
                var bytes = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* Int(page) / 64) }
                if page % 3 == 0 { bytes = [UInt8](repeating: UInt8(page & 255), count: 4096) }
                try bytes.withUnsafeBytes { try table.write(page: page, from: $0) }
            }
        }
        do {
            let first = try Image.keeping(path)
            let table = try first.makeTable(disk: "zram0", pages: 64, algorithm: .lz4)
            try write(table, 0..<48)
            try table.discard(pages: 10..<14)
            try table.flush()
            first.close(clean: true)
            let second = try Image.keeping(path)
            let other = try second.makeTable(disk: "zram1", pages: 1 << 20, algorithm: .zstd)
            try write(other, 0..<20)
            try write(other, (1 << 20) - 4..<(1 << 20))
            try other.flush()
            try write(other, 4..<8)
            second.close(clean: false)
        } catch {
            fatalError("no seed image: \(error)")
        }
        var info = stat()
        fstat(descriptor, &info)
        var bytes = [UInt8](repeating: 0, count: Int(info.st_size))
        precondition(pread(descriptor, &bytes, bytes.count, 0) == bytes.count, "the seed image cannot be read")
        return bytes
    }

    func run(_ bytes: UnsafeBufferPointer<UInt8>) {
        store(edits.apply(bytes))
        _ = try? inspect(imageAt: path, check: true)
        if let (image, _) = try? Image.reading(path) {
            read(image)
            image.close(clean: false)
        }
        if let image = try? Image.keeping(path) {
            use(image)
            // A damaged image that was used and closed should open again. Since what a mark promises must be there, some are
            // refused: a known fault, so that this looks for crashes alone.
            if let again = try? Image.keeping(path) { again.close(clean: true) }
        }
        // So are some that were repaired.
        if (try? Image.repair(path)) != nil, let again = try? Image.keeping(path) { again.close(clean: false) }
    }

    private func store(_ image: [UInt8]) {
        ftruncate(descriptor, 0)
        ftruncate(descriptor, off_t(image.count))
        image.withUnsafeBytes { all in
            let zeroes = [UInt8](repeating: 0, count: 4096)
            for start in stride(from: 0, to: all.count, by: 4096) {
                let block = all[start..<min(start + 4096, all.count)]
                if memcmp(all.baseAddress! + start, zeroes, block.count) == 0 { continue }
                precondition(
                    pwrite(descriptor, all.baseAddress! + start, block.count, off_t(start)) == block.count,
                    "the image cannot be written")
            }
        }
    }

    private func read(_ image: Image) {
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { page.deallocate() }
        for disk in image.keptDisks.prefix(4) {
            guard let table = image.takeKept(disk: disk.disk) else { continue }
            for number in 0..<min(64, table.pages) { try? table.read(page: number, into: page) }
            try? table.read(page: table.pages - 1, into: page)
            _ = table.statistics
        }
    }

    private func use(_ image: Image) {
        defer { image.close(clean: true) }
        let page = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { page.deallocate() }
        for disk in image.keptDisks.prefix(2) {
            guard let table = image.takeKept(disk: disk.disk) else { continue }
            for round in UInt8(0)..<2 {
                let data = [UInt8](repeating: 0, count: 4090) + [1, 2, 3, 4, 5, round]
                guard (try? data.withUnsafeBytes({ try table.write(page: 0, from: $0) })) != nil else { continue }
                precondition((try? table.read(page: 0, into: page)) != nil, "what was written cannot be read")
                precondition(page.elementsEqual(data), "what was written is not what is read")
            }
            try? table.discard(pages: 1..<20)
            table.compact()
            precondition((try? table.read(page: 0, into: page)) != nil && page[4094] == 5, "cleaning lost a page")
            try? table.flush()
            image.giveBack(table)
        }
    }
}
