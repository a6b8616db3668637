import ArgumentParser
import PageStore
import SystemPackage

/// `zramfs image`: image files that no daemon has open.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Look into a disk image that is not mounted, and save what is in it.",
        discussion: """
            Examples:
              zramfs image info disk.img
              zramfs image check disk.img --json     # also reads every record; exit status 1 if anything is wrong
              zramfs image export disk.img zram0 zram0.raw
              zramfs image import debian.qcow2 disk.img --algorithm zstd; zramfs mount -o keep disk.img /mnt/z
              zramfs image repair disk.img           # when a mount refuses it
            """,
        subcommands: [
            ImageInfoCommand.self, ImageCheckCommand.self, ImageRepairCommand.self, ImageExportCommand.self,
            ImageImportCommand.self, ImageCompactCommand.self,
        ])
}

/// `zramfs image info`.
struct ImageInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Say what the image is and which disks are in it.",
        discussion: "Example:\n  zramfs image info disk.img")
    @Argument(help: "The image file.") var image: String
    @Flag(help: "For programs.") var json = false

    func run() throws {
        let report = try ImageText.attempt { () throws(ImageError) in try inspect(imageAt: image, check: false) }
        ImageText.print(report, json: json)
    }
}

/// `zramfs image check`.
struct ImageCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read every record and verify its checksum; exit status 1 if anything is wrong.",
        discussion: "Example:\n  zramfs image check disk.img")
    @Argument(help: "The image file.") var image: String
    @Flag(help: "For programs.") var json = false

    func run() throws {
        let progress = ImageProgress("checking \(image)")
        defer { progress.end() }
        let report = try ImageText.attempt { () throws(ImageError) in
            try inspect(imageAt: image, check: true) { progress.show($0, $1) }
        }
        progress.end()
        ImageText.print(report, json: json)
        if !report.problems.isEmpty || report.tables.contains(where: \.isLeaked) { ExitStatus.failed.leave() }
    }
}

/// `zramfs image compact`.
struct ImageCompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Gather what lives in an image that is kept, and give the rest to the host.",
        discussion: "Example:\n  zramfs image compact disk.img")
    @Argument(help: "The image file.") var image: String
    @Flag(help: "For programs.") var json = false

    private struct Result: Encodable {
        var before: UInt64
        var after: UInt64
    }

    func run() throws {
        let before = try RawFile.allocated(image)
        let progress = ImageProgress("searching \(image)")
        defer { progress.end() }
        try ImageText.attempt { () throws(ImageError) in
            let report = try inspect(imageAt: image, check: false)
            guard report.keepsDisks else { throw .volatile(image) }
            let opened = try Image.keeping(image) { progress.show($0, $1) }
            defer { opened.close(clean: true) }
            do throws(Errno) {
                _ = try opened.compact()
            } catch {
                throw .host(image, "compact the image", error)
            }
        }
        let result = Result(before: before, after: try RawFile.allocated(image))
        if json { return JSON.print(result) }
        print("\(image): \(result.before) bytes on the host, now \(result.after)")
    }
}
