import ArgumentParser
import PageStore
import SystemPackage

/// `zramfs image import`.
struct ImageImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Put a disk into an image that is kept; the image is made if there is none.",
        discussion: """
            Examples:
              zramfs image import rootfs.ext4 disk.img --algorithm zstd
              zramfs image import debian.qcow2 disk.img --disk zram1      # by qemu-img
              zramfs mount -o keep disk.img /mnt/z; mount -o loop /mnt/z/dev/zram0 /mnt/d

            A disk that the image has already is not replaced: reset it in a mount first.
            """)
    @Argument(help: "The file with the disk's content.") var input: String
    @Argument(help: "The image file.") var image: String
    @Option(help: "The disk's name.") var disk = "zram0"
    @Option(help: "What its pages are compressed with: lzo, lzo-rle, lz4, lz4hc, zstd or deflate.") var algorithm =
        "lz4"
    @Option(help: "raw or qcow2.") var format: RawFormat?

    func run() throws {
        guard let compressor = Algorithm(rawValue: algorithm) else {
            let known = Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure("--algorithm \(algorithm): known are \(known)", .usage)
        }
        guard disk.hasPrefix("zram"), let number = Int(disk.dropFirst(4)), number >= 0, disk == "zram\(number)" else {
            throw Failure("--disk \(disk): disks are called zram0, zram1, ...", .usage)
        }
        let progress = ImageProgress("importing \(input)")
        defer { progress.end() }
        try (format ?? RawFormat(of: input)).read(input) { file in
            let size = try file.size()
            guard size > 0 else { throw Failure("\(input): is empty: a disk has at least one page", .usage) }
            if let report = try? inspect(imageAt: image, check: false), !report.keepsDisks, !report.tables.isEmpty {
                throw Failure(
                    "\(image): does not keep its disks, and something is left in it; name another file", .usage)
            }
            let opened = try ImageText.attempt { () throws(ImageError) in try Image.keeping(image) }
            defer { opened.close(clean: true) }
            guard !opened.keptDisks.contains(where: { $0.disk == disk }) else {
                throw Failure("\(image): has a disk \(disk) already; choose another name with --disk", .usage)
            }
            try fill(opened, compressor, from: file, size, progress)
        }
    }

    private func fill(
        _ opened: Image, _ compressor: Algorithm, from file: RawFile, _ size: UInt64, _ progress: ImageProgress
    ) throws {
        var made: PageTable?
        do throws(Errno) {
            var options = TableOptions()
            options.isIncomplete = true
            let table = try opened.makeTable(
                disk: disk, pages: (size + 4095) / 4096, algorithm: compressor, options: options)
            made = table
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 4096)
            defer { buffer.deallocate() }
            while let (offset, part) = try file.nextData(into: buffer) {
                try table.writeRange(byteOffset: offset, from: UnsafeRawBufferPointer(part))
                progress.show(offset, size)
            }
            try table.complete()
        } catch {
            // Half a disk is none.
            made?.free()
            throw Failure("\(image): cannot store \(input): \(error)")
        }
    }
}
