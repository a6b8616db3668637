import Glibc

/// What became of a run, in the order of their weight.
enum RunVerdict: String {
    case passed, failed, inversion, leak, oops, deadlock, timeout
}

/// One run: of the command, or of all terminals.
struct RunResult {
    /// Which round, from 1.
    var round = 1
    var verdict: RunVerdict
    /// The exit status of `zramfs run`.
    var status: Int32
    /// The signal that ended the command.
    var signal: Int32?
    var seconds: Double
    /// Seconds from the start of the command to the first thing that the simulated kernel reported.
    var firstFailure: Double?
    var command: [String]
    var seed: UInt64?
    /// What a person wants to know: the kernel's own words.
    var details = ""

    var hasFailed: Bool { verdict != .passed }

    /// One line.
    var line: String {
        var time = "\((seconds * 100).rounded() / 100) s"
        if let firstFailure { time += ", first failure after \((firstFailure * 1000).rounded() / 1000) s" }
        if let seed { time += ", delays of seed \(seed)" }
        return switch verdict {
        case .passed: "passed (\(time))"
        case .failed:
            signal.map { "the command was ended by signal \($0) (\(time))" }
                ?? "the command failed: \(status) (\(time))"
        case .deadlock: "DEADLOCK in the simulated kernel (\(time))"
        case .oops: "OOPS in the simulated kernel (\(time))"
        case .leak: "the simulated kernel warned, or leaked memory (\(time))"
        case .inversion: "LOCKDEP found an inversion in the simulated kernel (\(time))"
        case .timeout: "timeout (\(time))"
        }
    }
}

/// `debug/counts` of a mount.
struct RunCounts {
    private var values: [String: Int] = [:]

    /// Reads it; all zero if the mount does not answer.
    init(mount: String) {
        guard let text = try? String(contentsOfFile: mount + "/debug/counts") else { return }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { values[String(words[0])] = Int(words[1]) }
        }
    }

    subscript(name: String) -> Int { values[name] ?? 0 }

    /// What the kernel's state says, compared with before.
    func verdict(since before: RunCounts) -> RunVerdict {
        if self["deadlocks"] > before["deadlocks"] { return .deadlock }
        if self["oopses"] > before["oopses"] { return .oops }
        if self["warnings"] > before["warnings"] || self["leaked"] > before["leaked"] { return .leak }
        return self["inversions"] > before["inversions"] ? .inversion : .passed
    }
}
