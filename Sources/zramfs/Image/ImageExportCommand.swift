import ArgumentParser
import PageStore

/// `zramfs image export`.
struct ImageExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a disk of an image to a file of its own.",
        discussion: """
            Examples:
              zramfs image export disk.img zram0 zram0.raw
              zramfs image export disk.img zram0 zram0.qcow2      # by qemu-img; --format says it, or the name
              zramfs image export disk.img zram0 - | sha256sum

            The image is not changed. Pages that cannot be read are zeroes in the file, and named on standard error;
            the exit status is 1 then.
            """)
    @Argument(help: "The image file.") var image: String
    @Argument(help: "The disk, as `zramfs image info` names it.") var disk: String
    @Argument(help: "The file to write; - for standard output.") var output: String
    @Option(help: "raw or qcow2.") var format: RawFormat?

    func run() throws {
        let format = format ?? RawFormat(of: output)
        if output == "-", format != .raw {
            throw Failure("standard output takes raw only: name a file", .usage)
        }
        let progress = ImageProgress("exporting \(disk)")
        defer { progress.end() }
        let (opened, problems) = try ImageText.attempt { () throws(ImageError) in
            try Image.reading(image) { progress.show($0, $1) }
        }
        defer { opened.close(clean: false) }
        for problem in problems { Terminal.error("zramfs: \(image): \(ImageText.line(problem))") }
        guard let table = opened.takeKept(disk: disk) else {
            let known = opened.keptDisks.map(\.disk).joined(separator: ", ")
            throw Failure("\(image): has no disk \(disk); it has \(known.isEmpty ? "none" : known)", .usage)
        }
        var isWhole = problems.isEmpty
        try format.write(to: output, sparing: [image]) { file in
            isWhole = try copy(table, to: file, progress) && isWhole
        }
        progress.end()
        if !isWhole { ExitStatus.failed.leave() }
    }

    /// - Returns: whether every page could be read.
    private func copy(_ table: PageTable, to file: RawFile, _ progress: ImageProgress) throws -> Bool {
        var isWhole = true
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        let size = table.pages * 4096
        for offset in stride(from: UInt64(0), to: size, by: buffer.count) {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(UInt64(buffer.count), size - offset))])
            if (try? table.readRange(byteOffset: offset, into: part)) == nil {
                isWhole = false
                salvage(table, at: offset, into: part)
            }
            try file.write(part, at: offset)
            progress.show(offset, size)
        }
        try file.end(at: size)
        return isWhole
    }

    /// Page by page, with zeroes for those that are damaged.
    private func salvage(_ table: PageTable, at offset: UInt64, into part: UnsafeMutableRawBufferPointer) {
        for start in stride(from: 0, to: part.count, by: 4096) {
            let page = UnsafeMutableRawBufferPointer(rebasing: part[start..<(start + 4096)])
            let number = (offset + UInt64(start)) / 4096
            if (try? table.read(page: number, into: page)) != nil { continue }
            page.initializeMemory(as: UInt8.self, repeating: 0)
            Terminal.error("zramfs: \(image): \(disk), page \(number) is damaged: zeroes in its place")
        }
    }
}
