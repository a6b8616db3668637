import Explorer
import Foundation
import Zram

/// The scenarios of the repository.
enum Fixtures {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/scenarios").standardizedFileURL.path
    static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
    static func scenario(_ name: String) throws -> Scenario { try Scenario(folder: folder + "/" + name) }
    static func patches(_ policy: String) -> Set<Patch> { Policy.named(policy)!.patches }
}
