import CRunShims
import Glibc

/// `--repeat`: rounds, each a `zramfs run` of its own, with a progress line.
struct RunRounds {
    let options: RunOptions
    /// nil: until one fails.
    let count: Int?
    let untilFailure: Bool
    let command: [String]

    /// - Returns: what became of each round.
    func run() throws -> [RunResult] {
        let started = Host.now
        var results: [RunResult] = []
        zr_block_signals()
        var isOver = false
        let record = try RecordFolder(options.record, isWanted: untilFailure)
        let line = ProgressLine()
        defer { record.removeIfEmpty() }
        while !isOver, results.count < count ?? .max {
            let round = results.count + 1
            let isFirst = !results.contains(where: \.hasFailed)
            let result = try one(round, record: isFirst ? record.path : nil, &isOver)
            results.append(result)
            let failed = results.count(where: \.hasFailed)
            let seconds = Double(Host.now - started) / 1e9
            line.show("round \(round)\(count.map { " of \($0)" } ?? ""), \(failed) failed, \(Int(seconds)) s")
            if result.hasFailed, untilFailure { isOver = true }
        }
        line.clear()
        let seconds = (Double(Host.now - started) / 1e7).rounded() / 100
        if let first = results.first(where: \.hasFailed) {
            let earlier = results.prefix(first.round - 1).reduce(0) { $0 + $1.seconds }
            let before = earlier + (first.firstFailure ?? first.seconds)
            Terminal.error(
                "zramfs: round \(first.round): \(first.line); "
                    + "first failure after \((before * 100).rounded() / 100) s of the command")
        }
        Terminal.error("zramfs: \(results.count) rounds, \(results.count(where: \.hasFailed)) failed, \(seconds) s")
        return results
    }

    private func one(_ round: Int, record: String?, _ isOver: inout Bool) throws -> RunResult {
        try Outputs.withPrivateFolder(Host.temporaryFolder + "/zramfs-round") {
            try one(round, record: record, $0 + "/result", &isOver)
        }
    }

    private func one(_ round: Int, record: String?, _ file: String, _ isOver: inout Bool) throws -> RunResult {
        let seed = options.seed.map { $0 &+ UInt64(round - 1) }
        let started = Host.now
        let words =
            ["zramfs", "run"] + options.arguments(seed: seed, record: record) + ["--result", file] + ["--"] + command
        guard let pid = Process.spawn(Host.executable, words, newSession: false) else {
            throw RunSession.problem("a round could not be started")
        }
        var word: Int32 = 0
        while waitpid(pid, &word, WNOHANG) == 0 {
            var isFromTerminal: Int32 = 0
            let signal = zr_next_signal(100, &isFromTerminal)
            guard signal != 0, signal != SIGCHLD else { continue }
            isOver = true
            if isFromTerminal == 0 { kill(pid, signal) }
        }
        let signal = word & 0x7f
        let status = signal == 0 ? (word >> 8) & 0xff : 128 + signal
        if status == ExitStatus.runFailed.rawValue { throw Failure("round \(round): run failed", .runFailed) }
        let verdict: RunVerdict =
            switch status {
            case 0: .passed
            case ExitStatus.deadlock.rawValue: .deadlock
            case ExitStatus.oops.rawValue: .oops
            case ExitStatus.leak.rawValue: .leak
            case ExitStatus.inversion.rawValue: .inversion
            case ExitStatus.timeout.rawValue: .timeout
            default: .failed
            }
        var result = RunResult(
            round: round, verdict: verdict, status: status, signal: signal == 0 ? nil : signal,
            seconds: Double(Host.now - started) / 1e9, command: command, seed: seed)
        // Seconds of the command, of its first failure, and what the kernel said.
        let text = (try? String(contentsOfFile: file)) ?? ""
        let lines = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        if lines.count == 3 {
            result.seconds = Double(lines[0]) ?? result.seconds
            result.firstFailure = Double(lines[1])
            result.details = String(lines[2])
        }
        return result
    }
}

/// Where the first failure is kept; made beforehand, so that a soak does not find out at its end that it cannot write.
private struct RecordFolder {
    /// nil: nobody asked for it.
    let path: String?

    init(_ named: String?, isWanted: Bool) throws {
        if let named {
            path = named
            guard mkdir(named, 0o755) == 0 || errno == EEXIST else { throw RunSession.problem(named) }
            return
        }
        guard isWanted else {
            path = nil
            return
        }
        var template = Array("\(Host.temporaryFolder)/zramfs-failure.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RunSession.problem(Host.temporaryFolder) }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    func removeIfEmpty() { if let path { rmdir(path) } }
}
