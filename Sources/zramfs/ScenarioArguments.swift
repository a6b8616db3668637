import ArgumentParser
import Explorer
import Foundation
import Glibc
import KernelCore
import Zram

/// What all commands that explore take.
struct ScenarioArguments: ParsableArguments {
    @Argument(
        help: "A scenario: a folder, or the name of one of ours (zramfs matrix lists them).",
        completion: Completion.scenarios)
    var scenario: String

    func load() throws -> Scenario { try ScenarioFolder.load(scenario) }
}

/// The policy or patches that a scenario is explored under.
struct PolicyArguments: ParsableArguments {
    @Option(
        help: "A policy by name; zramfs policies lists them. Without it the scenario's own, or else 5.15.",
        completion: Completion.policies)
    var policy: String?
    @Option(help: "Patches by name, joined by + or commas; in place of a policy.", completion: Completion.patches)
    var patches: String?

    /// As the options say, or else the scenario's file `policy`, or else 5.15.
    func choose(for scenario: String) throws -> ChosenPolicy {
        if let patches { return try ChosenPolicy(patches: patches, from: "--patches") }
        if let policy { return try ChosenPolicy(policy: policy, from: "--policy") }
        guard let (file, line) = ScenarioFolder.policy(of: scenario) else {
            return try ChosenPolicy(policy: "5.15", from: "--policy")
        }
        let prefix = "patches="
        if line.hasPrefix(prefix) {
            return try ChosenPolicy(patches: String(line.dropFirst(prefix.count)), from: file)
        }
        return try ChosenPolicy(policy: line, from: file)
    }
}

/// A policy, or patches of one's own choice.
struct ChosenPolicy {
    /// The policy's name, or what stands for it in an option of mount.
    let name: String
    let patches: Set<Patch>
    private let isNamed: Bool

    init(policy: String, from place: String) throws {
        guard let found = Policy.named(policy) else {
            throw Failure("\(place) \(policy): known are \(Policy.all.map(\.name).joined(separator: " "))", .usage)
        }
        name = policy
        patches = found.patches
        isNamed = true
    }

    init(patches text: String, from place: String) throws {
        let names = text.split { "+,".contains($0) }
        patches = Set(
            try names.map { name in
                guard let patch = Patch(rawValue: String(name)) else {
                    throw Failure("\(place) \(name): no such patch; see: zramfs policies", .usage)
                }
                return patch
            })
        name = "5.15,patches=" + names.joined(separator: "+")
        isNamed = false
    }

    /// For a person: `v8-11: zram-up`.
    var title: String {
        let list = patches.isEmpty ? "no patches" : patches.sorted().map(\.rawValue).joined(separator: " ")
        return isNamed ? "\(name): \(list)" : list
    }

    /// As the file `policy` of a scenario has it.
    var line: String {
        isNamed ? name : "patches=" + patches.sorted().map(\.rawValue).joined(separator: "+")
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

    /// The sources of the simulated kernel: in the source tree, or where `make install` put them.
    static var sources: String? {
        ["/../share/zramfs/src", "/../../Sources", "/../../../Sources"].map { executableFolder + $0 }
            .first { isFolder($0 + "/Zram") }
    }

    private static var executableFolder: String {
        Host.program.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    }

    /// The scenario in a folder, or of that name.
    ///
    /// - Throws: `Failure` if there is none, or with file and line of what cannot be read.
    static func load(_ name: String) throws -> Scenario {
        guard let folder = folder(name) else {
            throw Failure("there is no scenario \(name); ours: \(names(in: nil).joined(separator: " "))", .usage)
        }
        do {
            return try Scenario(folder: folder)
        } catch let error as ScenarioError {
            throw Failure(error.description, .usage)
        }
    }

    private static func folder(_ name: String) -> String? {
        ([name] + places.map { $0 + "/" + name }).first { access($0 + "/expected", F_OK) == 0 || isFolder($0) }
    }

    /// What the file `policy` of a scenario says, and where it is; nil if there is none.
    static func policy(of name: String) -> (file: String, line: String)? {
        guard let file = folder(name).map({ $0 + "/policy" }),
            let text = try? String(contentsOfFile: file, encoding: .utf8)
        else { return nil }
        return (file, text.trimmingCharacters(in: .whitespacesAndNewlines))
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
