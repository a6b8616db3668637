import Foundation
import HostGuard

/// The files that the command writes. All of them go through `OutputFile`.
enum Outputs {
    /// Writes a text.
    /// - Throws: `Failure`.
    static func write(
        _ text: String, to path: String, mode: mode_t = 0o666, _ status: ExitStatus = .usage
    ) throws {
        do { try OutputFile.write(text.utf8, to: path, mode: mode) } catch { throw Failure("\(error)", status) }
    }

    /// Says before the work begins what would be in the way at its end.
    /// - Throws: `Failure`.
    static func check(_ paths: String?...) throws {
        for path in paths {
            guard let path else { continue }
            do { try OutputFile.check(path) } catch { throw Failure("\(error)", .usage) }
        }
    }

    /// Runs the body with a new folder for temporary files, which is gone behind it.
    /// - Throws: `Failure`, or what the body throws.
    static func withPrivateFolder<Result>(
        _ prefix: String = Host.temporaryFolder + "/zramfs", _ body: (String) throws -> Result
    ) throws -> Result {
        let folder: PrivateFolder
        do { folder = try PrivateFolder(prefix) } catch { throw Failure("\(error)", .usage) }
        return try withExtendedLifetime(folder) { try body($0.path) }
    }
}
