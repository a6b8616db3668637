import Foundation
import PageStore
import SystemPackage

/// An image report as a person reads it.
enum ImageText {
    static func print(_ report: ImageReport, json: Bool) {
        if json { return JSON.print(report) }
        Swift.print("image     \(report.path)")
        Swift.print("state     \(report.state.rawValue)\(report.keepsDisks ? ", keeps its disks" : "")")
        Swift.print("version   \(report.version), \(report.uuid)")
        Swift.print(
            "size      \(report.fileSize) bytes, segments: \(report.segmentsLive) live, \(report.segmentsFree) free")
        Swift.print("disks     \(report.tables.count)")
        for table in report.tables { Swift.print("  \(line(table))") }
        for problem in report.problems { Swift.print("problem   \(line(problem))") }
        if report.checked, report.problems.isEmpty { Swift.print("check     every record is whole") }
    }

    private static func line(_ table: ImageReport.Table) -> String {
        let info = table.info
        let leak = table.isLeaked ? ", LEAKED: its module went away without freeing it" : ""
        let level = info.level.map { " level \($0)" } ?? ""
        let backing = info.backing.map { ", writes back to \($0)" } ?? ""
        let limit = info.memLimit == 0 ? "" : ", limit \(info.memLimit) bytes"
        return "\(info.disk.padding(8)) \(info.pages * 4096) bytes, \(info.algorithm.rawValue)\(level), "
            + "\(info.storedPages) pages in \(info.storedBytes) bytes\(limit)\(backing)\(leak)"
    }

    static func line(_ problem: ImageReport.Problem) -> String {
        let page = problem.page.map { ", page \($0)" } ?? ""
        return "at byte \(problem.offset)\(problem.disk.map { ", \($0)" } ?? "")\(page): \(problem.message)"
    }

    /// Runs what may throw an error of an image: one line, and the status that fits.
    static func attempt<Result>(_ body: () throws(ImageError) -> Result) throws -> Result {
        do throws(ImageError) {
            return try body()
        } catch {
            throw Failure(error.description, error.cause == .noSuchFileOrDirectory ? .usage : .failed)
        }
    }
}
