import Explorer
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
        try Outputs.write(text, to: path, mode: 0o777)
    }
}
