import ArgumentParser
import Explorer
import Glibc
import KernelCore
import Zram

/// What all commands that explore take.
struct ScenarioArguments: ParsableArguments {
    @Argument(help: "A scenario: a folder, or the name of one of ours (zramfs matrix lists them).") var scenario: String

    func load() throws -> Scenario { try ScenarioFolder.load(scenario) }
}

/// The policy or patches that a scenario is explored under.
struct PolicyArguments: ParsableArguments {
    @Option(help: "A policy by name; zramfs policies lists them.") var policy = "5.15"
    @Option(help: "Patches by name, joined by + or commas; in place of a policy.") var patches: String?

    /// The policy's name, or what stands for it in an option of mount.
    var name: String {
        patches.map { "5.15,patches=" + $0.split { "+,".contains($0) }.joined(separator: "+") } ?? policy
    }

    func load() throws -> Set<Patch> {
        if let patches {
            return Set(
                try patches.split { "+,".contains($0) }.map { name in
                    guard let patch = Patch(rawValue: String(name)) else {
                        throw Failure("--patches \(name): no such patch; see: zramfs policies", .usage)
                    }
                    return patch
                })
        }
        guard let found = Policy.named(policy) else {
            throw Failure("--policy \(policy): known are \(Policy.all.map(\.name).joined(separator: " "))", .usage)
        }
        return found.patches
    }
}

/// Where scenarios are: as named, in the source tree, or where `make install` put them.
enum ScenarioFolder {
    private static var places: [String] {
        [
            "Fixtures/scenarios", executableFolder + "/../share/zramfs/scenarios",
            executableFolder + "/../../Fixtures/scenarios",
        ]
            + [executableFolder + "/../../../Fixtures/scenarios"]
    }

    private static var executableFolder: String {
        Host.program.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    /// The scenario in a folder, or of that name.
    ///
    /// - Throws: `Failure` if there is none, or with file and line of what cannot be read.
    static func load(_ name: String) throws -> Scenario {
        let candidates = [name] + places.map { $0 + "/" + name }
        guard let folder = candidates.first(where: { access($0 + "/expected", F_OK) == 0 || isFolder($0) }) else {
            throw Failure("there is no scenario \(name); ours: \(names(in: nil).joined(separator: " "))", .usage)
        }
        do {
            return try Scenario(folder: folder)
        } catch let error as ScenarioError {
            throw Failure(error.description, .usage)
        }
    }

    /// The names of the scenarios in a folder, or of ours.
    static func names(in folder: String?) -> [String] {
        for place in folder.map({ [$0] }) ?? places {
            guard let directory = opendir(place) else { continue }
            defer { closedir(directory) }
            var names: [String] = []
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if !name.hasPrefix("."), isFolder(place + "/" + name) { names.append(name) }
            }
            if !names.isEmpty { return names.sorted() }
        }
        return []
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
