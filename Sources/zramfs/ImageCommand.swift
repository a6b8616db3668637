import ArgumentParser
import Foundation
import PageStore
import SystemPackage

/// `zramfs image`: what is in an image file that no daemon has open.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Look into a disk image that is not mounted.",
        discussion: """
            Examples:
              zramfs image info disk.img
              zramfs image check disk.img --json     # also reads every record; exit status 1 if anything is wrong
            """,
        subcommands: [Info.self, Check.self])

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what the image is and which disks are in it.",
            discussion: "Example:\n  zramfs image info disk.img")
        @Argument(help: "The image file.") var image: String
        @Flag(help: "For programs.") var json = false

        func run() throws { ImageText.print(try inspect(image, check: false), json: json) }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every record and verify its checksum; exit status 1 if anything is wrong.",
            discussion: "Example:\n  zramfs image check disk.img")
        @Argument(help: "The image file.") var image: String
        @Flag(help: "For programs.") var json = false

        func run() throws {
            let report = try inspect(image, check: true)
            ImageText.print(report, json: json)
            if !report.problems.isEmpty || report.tables.contains(where: \.isLeaked) { ExitStatus.failed.leave() }
        }
    }

    private static func inspect(_ path: String, check: Bool) throws -> ImageReport {
        do throws(ImageError) {
            return try PageStore.inspect(imageAt: path, check: check)
        } catch {
            throw Failure(error.description, ImageText.isUsage(error) ? .usage : .failed)
        }
    }
}

/// An image report as a person reads it.
enum ImageText {
    static func isUsage(_ error: ImageError) -> Bool { error.cause == .noSuchFileOrDirectory }

    static func print(_ report: ImageReport, json: Bool) {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            if let data = try? encoder.encode(report) { Swift.print(String(decoding: data, as: UTF8.self)) }
            return
        }
        Swift.print("image     \(report.path)")
        Swift.print("state     \(report.state.rawValue)")
        Swift.print("version   \(report.version), \(report.uuid)")
        Swift.print(
            "size      \(report.fileSize) bytes, segments: \(report.segmentsLive) live, \(report.segmentsFree) free")
        Swift.print("disks     \(report.tables.count)")
        for table in report.tables {
            Swift.print(
                "  \(table.info.disk.padding(8)) \(table.info.pages * 4096) bytes, \(table.info.algorithm.rawValue)"
                    + (table.isLeaked ? ", LEAKED: its module went away without freeing it" : ""))
        }
        for problem in report.problems { Swift.print("problem   at byte \(problem.offset): \(problem.message)") }
        if report.checked, report.problems.isEmpty { Swift.print("check     every record is whole") }
    }
}
