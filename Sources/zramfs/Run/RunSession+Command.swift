import CRunShims
import Glibc
import HostGuard

extension RunSession {
    /// Runs the command, in as many terminals as were asked for, and judges.
    func run(_ command: [String]) throws -> RunResult {
        let before = RunCounts(mount: mount)
        let started = Host.now
        zr_block_signals()
        let logs = options.terminals > 1 ? try TerminalLogs(logsFolder, count: options.terminals) : nil
        var children = RunChildren(command: command, logs: logs, count: options.terminals)
        try children.start()
        watch(&children, before, since: started)
        if children.isOrphaned || hasLostDaemon() {
            end()
            throw Failure("the daemon was ended from outside; so was the command", .runFailed)
        }
        let seconds = Double(Host.now - started) / 1e9
        // Whatever it left in the background is part of it.
        let after = RunCounts(mount: mount)
        let verdict = after.verdict(since: before)
        var result = RunResult(
            verdict: .passed, status: children.status, signal: children.signal, seconds: seconds, command: command,
            seed: options.seed)
        if verdict != .passed, before["first_failure_us"] == 0, after["first_failure_us"] > 0 {
            result.firstFailure = Double(after["first_failure_us"] - before["uptime_us"]) / 1e6
        }
        if children.isLate { (result.verdict, result.status) = (.timeout, ExitStatus.timeout.rawValue) }
        switch verdict {
        case .deadlock: (result.verdict, result.status) = (.deadlock, ExitStatus.deadlock.rawValue)
        case .oops: (result.verdict, result.status) = (.oops, ExitStatus.oops.rawValue)
        case .leak: (result.verdict, result.status) = (.leak, ExitStatus.leak.rawValue)
        case .inversion where !children.isLate:
            (result.verdict, result.status) = (.inversion, ExitStatus.inversion.rawValue)
        default: if result.verdict == .passed, result.status != 0 { result.verdict = .failed }
        }
        finish(&result, logs)
        return result
    }

    /// A round's lie with what is kept of it.
    private var logsFolder: String? {
        options.logs ?? (options.result == nil ? nil : options.record.map { $0 + "/logs" })
    }

    /// Waits for the children; ends them when they take too long, or go on for a while after a deadlock or an oops: the hung
    /// task detector has had its say by then.
    private func watch(_ children: inout RunChildren, _ before: RunCounts, since started: UInt64) {
        var deadlocked: UInt64?
        while !children.haveEnded {
            var isFromTerminal: Int32 = 0
            let signal = zr_next_signal(50, &isFromTerminal)
            children.reap()
            // What the terminal sends reaches the command without us.
            if signal != 0, signal != SIGCHLD, isFromTerminal == 0 || options.terminals > 1 { children.send(signal) }
            let now = Host.now
            if children.isOrphaned || hasLostDaemon() {
                children.isOrphaned = true
                children.end()
            }
            if let timeout = options.timeout, Double(now - started) / 1e9 > timeout {
                children.isLate = true
                children.end()
            }
            guard signal == 0, options.killsDeadlocked else { continue }
            if deadlocked == nil, isStuck(before) { deadlocked = now }
            if let deadlocked, now - deadlocked > 1_500_000_000 { children.end() }
        }
    }

    /// True if some of the command will never end: a deadlock, or a task that died with all that it held.
    private func isStuck(_ before: RunCounts) -> Bool {
        [.deadlock, .oops].contains(RunCounts(mount: mount).verdict(since: before))
    }

    /// Says what happened, to people.
    private func finish(_ result: inout RunResult, _ logs: TerminalLogs?) {
        let kmsg = (try? String(contentsOfFile: mount + "/debug/kmsg")) ?? ""
        let isKernels = [.deadlock, .oops, .leak, .inversion].contains(result.verdict)
        if result.hasFailed { result.details = kmsg }
        if options.dmesg || isKernels { Terminal.error(String(kmsg.dropLast())) }
        if result.hasFailed, let trace = options.trace {
            let columns = (try? String(contentsOfFile: mount + "/debug/trace.columns")) ?? ""
            do { try Outputs.write(columns, to: trace) } catch { Terminal.error("zramfs: \(error)") }
        }
        if result.hasFailed, let folder = options.record {
            Terminal.error("zramfs: " + RunFailure(folder: folder, options: options, mount: mount).keep(result))
        }
        if let logs, options.logs == nil, options.result != nil, !result.hasFailed || options.record == nil {
            // A soak would leave a folder for each of its rounds.
            logs.remove()
        } else if let logs {
            Terminal.error("zramfs: logs of the terminals: \(logs.folder)")
        }
        if isKernels || result.verdict == .timeout || options.terminals > 1 || options.result != nil && result.hasFailed
        {
            Terminal.error("zramfs: \(result.line)")
        }
        if isKernels, options.record == nil, options.mount == nil, options.result == nil {
            Terminal.error(
                "zramfs: a seed draws delays, and the host's scheduler has its say, too: --record DIR keeps a schedule "
                    + "that replays")
        }
    }
}

/// The command's processes, one a terminal.
struct RunChildren {
    let command: [String]
    let logs: TerminalLogs?
    let count: Int
    private var running: Set<Int32> = []
    /// The status of the first that failed, else 0.
    private(set) var status: Int32 = 0
    /// The signal that ended the first that failed.
    private(set) var signal: Int32?
    /// They were ended because they took too long.
    var isLate = false
    /// They were ended because the daemon has gone.
    var isOrphaned = false
    private var asked: UInt64?

    init(command: [String], logs: TerminalLogs?, count: Int) {
        self.command = command
        self.logs = logs
        self.count = count
    }

    var haveEnded: Bool { running.isEmpty }

    mutating func start() throws {
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        fflush(nil)
        for terminal in 0..<count {
            let output = try logs?.open(terminal)
            let pid = zr_spawn(&words, output ?? -1, count > 1 ? 1 : 0)
            if let output { close(output) }
            guard pid > 0 else { throw RunSession.problem(command[0]) }
            running.insert(pid)
        }
    }

    /// Takes the statuses of those that have ended.
    mutating func reap() {
        for pid in running {
            var word: Int32 = 0
            guard waitpid(pid, &word, WNOHANG) == pid else { continue }
            running.remove(pid)
            let signal = word & 0x7f
            let status = signal == 0 ? (word >> 8) & 0xff : 128 + signal
            if self.status == 0, status != 0 {
                self.status = status
                self.signal = signal == 0 ? nil : signal
            }
        }
    }

    func send(_ signal: Int32) {
        for pid in running { kill(count > 1 ? -pid : pid, signal) }
    }

    /// Asks them to end; a second after the first time makes them end.
    mutating func end() {
        guard let asked else {
            asked = Host.now
            return send(SIGTERM)
        }
        if Host.now - asked > 1_000_000_000 { send(SIGKILL) }
    }
}

/// A folder with a log for each terminal.
struct TerminalLogs {
    let folder: String
    private let count: Int

    init(_ named: String?, count: Int) throws {
        self.count = count
        if let named {
            if mkdir(named, 0o755) != 0, errno != EEXIST { throw RunSession.problem(named) }
            folder = named
        } else {
            var template = Array("\(Host.temporaryFolder)/zramfs-terminals.XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw RunSession.problem(Host.temporaryFolder) }
            folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        }
    }

    /// Takes the folder away.
    func remove() {
        for terminal in 0..<count { unlink(path(terminal)) }
        rmdir(folder)
    }

    private func path(_ terminal: Int) -> String { "\(folder)/terminal-\(terminal + 1).log" }

    /// The log of a terminal, counted from 0, to write to.
    func open(_ terminal: Int) throws -> Int32 {
        let path = path(terminal)
        do { return try OutputFile.log(path, keeping: false, mode: 0o644) } catch {
            throw Failure("\(error)", .runFailed)
        }
    }
}
