import ArgumentParser
import PageStore

/// `zramfs image repair`.
struct ImageRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Make a damaged image that is kept usable again; what cannot be read is given up.",
        discussion: """
            Example:
              cp --sparse=always disk.img before.img; zramfs image repair disk.img

            Pages that are lost read as zeroes afterwards; each is named. Exit status 1 if anything was lost.
            """)
    @Argument(help: "The image file.") var image: String
    @Flag(help: "For programs.") var json = false

    func run() throws {
        let progress = ImageProgress("repairing \(image)")
        defer { progress.end() }
        let report = try ImageText.attempt { () throws(ImageError) in
            try Image.repair(image) { progress.show($0, $1) }
        }
        progress.end()
        if json {
            JSON.print(report)
        } else {
            for problem in report.problems { print("problem   \(ImageText.line(problem))") }
            for page in report.restored { print("restored  \(page.disk), page \(page.page), at byte \(page.offset)") }
            for page in report.lost { print("lost      \(page.disk), page \(page.page), at byte \(page.offset)") }
            for disk in report.disks { print("disk      \(disk.disk), \(disk.pages * 4096) bytes") }
            if report.problems.isEmpty, report.restored.isEmpty, report.lost.isEmpty { print("nothing was wrong") }
        }
        if !report.lost.isEmpty || !report.problems.isEmpty { ExitStatus.failed.leave() }
    }
}
