import Explorer
import Foundation
import Zram

/// A script for a live mount, in a file.
enum ScriptFile {
    /// Writes the script and makes it executable.
    ///
    /// - Throws: `Failure` if the file cannot be written.
    static func write(
        _ schedule: Schedule, _ scenario: Scenario, _ patches: Set<Patch>, policy: String, to path: String
    ) throws {
        let text = try script(for: schedule, scenario: scenario, patches: patches, policy: policy)
        do {
            try Data(text.utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        } catch {
            throw Failure("\(path) cannot be written: \(error.localizedDescription)", .usage)
        }
    }
}
