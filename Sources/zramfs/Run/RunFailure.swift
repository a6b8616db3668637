import Explorer
import Foundation
import Zram

/// What is kept of a run that failed: the kernel's report, the steps that led there, what the processes did as a scenario,
/// and the schedule that brings them there again.
struct RunFailure {
    let folder: String
    let options: RunOptions
    let mount: String

    /// Writes the files.
    /// - Returns: a line for people that names them.
    func keep(_ result: RunResult) -> String {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try put(result.details, "report")
            try put((try? String(contentsOfFile: "\(mount)/debug/trace.columns", encoding: .utf8)) ?? "", "trace")
        } catch {
            return "\(folder) cannot be written: \(ErrorText.of(error))"
        }
        do {
            let (end, command) = try keepSchedule(result)
            return "kept in \(folder): report, trace, and a schedule that ends in \(end); see it with: \(command)"
        } catch {
            let why = ErrorText.of(error)
            return "kept in \(folder): report and trace; no schedule: \(why)"
        }
    }

    private func put(_ text: String, _ name: String) throws {
        try Outputs.write(text, to: "\(folder)/\(name)", .runFailed)
    }

    /// - Returns: what it ends in, and the command that replays it.
    private func keepSchedule(_ result: RunResult) throws -> (end: String, command: String) {
        let policy = try self.policy()
        guard let text = try? String(contentsOfFile: "\(mount)/debug/trace.calls", encoding: .utf8) else {
            throw Failure("debug/trace.calls cannot be read")
        }
        let recording = try Recording(text)
        let name = URL(filePath: folder).lastPathComponent
        let recorded = try RecordedScenario(
            recording, name: name, machine: machine, setup: setup,
            summary: "Recorded: \(result.command.joined(separator: " "))")
        try put(recorded.scenario.summary + "\n", "description")
        if !machine.isEmpty { try put(machine + "\n", "machine") }
        try put(policy.line + "\n", "policy")
        for (name, text) in recorded.scripts { try put(text, "\(name).sh") }
        let retrace = Retrace(recording, recorded, patches: policy.patches)
        let end = retrace.failure?.verdict.rawValue ?? "nothing wrong"
        if !Self.isSame(retrace, as: result.verdict) {
            throw Failure(
                retrace.departure.map { "the scripts are there, but they do not take the recorded step '\($0)" }
                    ?? "the scripts are there, but the recorded steps lead them to \(end)")
        }
        try put("\(retrace.schedule)\n", "schedule")
        let isPlain = folder.allSatisfy { $0.isLetter || $0.isNumber || "/._-+".contains($0) }
        let word = isPlain ? folder : "'\(folder.replacing("'", with: "'\\''"))'"
        return (end, "zramfs replay \"$(cat \(word)/schedule)\" --scenario \(word)")
    }

    /// What the command ran on.
    private var machine: String {
        [options.abi.map { "abi=\($0)" }, options.cpus.map { "cpus=\($0)" }].compactMap(\.self).joined(separator: " ")
    }

    /// What happened before the command began.
    private var setup: String {
        let devices = options.devices ?? 1
        if options.unloaded { return "echo zram > $1/debug/delete_module\n" }
        if devices == 1 { return "" }
        return "echo zram > $1/debug/delete_module\necho zram num_devices=\(devices) > $1/debug/init_module\n"
    }

    /// - Throws: `Failure` if what is explored is not what ran.
    private func policy() throws -> ChosenPolicy {
        if options.mount != nil { throw Failure("the mount had a life before") }
        if let fault = options.faults.first(where: { !$0.hasPrefix("points/") }) {
            throw Failure("the fault \(fault) cannot be explored")
        }
        if let patches = options.patches { return try ChosenPolicy(patches: patches, from: "--patches") }
        return try ChosenPolicy(policy: options.policy ?? "5.15", from: "--policy")
    }

    /// An explored run ends with the first thing that is wrong, and one on a mount goes on: what warned may oops later.
    private static func isSame(_ retrace: Retrace, as wanted: RunVerdict) -> Bool {
        let found = retrace.failure?.verdict
        if retrace.departure == nil {
            return (found == nil) == [.passed, .failed, .timeout, .inversion].contains(wanted)
        }
        return switch wanted {
        case .deadlock: found == .deadlock
        case .oops: found == .useAfterFree
        case .leak: [.instancesLeft, .leak, .warning].contains(found)
        case .passed, .failed, .timeout, .inversion: false
        }
    }
}
