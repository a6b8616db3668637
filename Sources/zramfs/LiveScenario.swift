import Explorer
import Foundation
import SystemPackage

/// What a signal that ends us has to take along: a handler may look at nothing else, and allocate nothing.
private struct Hostage {
    let mount: UnsafeMutablePointer<CChar>
    let folder: UnsafeMutablePointer<CChar>
    let terminals: UnsafeMutablePointer<Int32>
    let scripts: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>>

    static let mostTerminals = 64

    init(folder: String, mount: String, scripts: [String]) {
        self.mount = strdup(mount)
        self.folder = strdup(folder)
        terminals = .allocate(capacity: Self.mostTerminals)
        terminals.initialize(repeating: 0, count: Self.mostTerminals)
        self.scripts = .allocate(capacity: scripts.count)
        _ = self.scripts.initialize(from: scripts.map { strdup($0)! })
    }

    /// Async-signal-safe.
    func end() {
        for place in 0..<Self.mostTerminals where terminals[place] > 0 { kill(-terminals[place], SIGKILL) }
        umount2(mount, Int32(MNT_DETACH))
        for script in scripts { unlink(script) }
        rmdir(mount)
        rmdir(folder)
    }
}

private nonisolated(unsafe) var hostage: Hostage?
private let mostTerminals = Hostage.mostTerminals

/// A scenario's terminals as real shells on a private mount, one run after the other.
final class LiveScenario {
    /// What became of a run.
    struct Outcome {
        /// What the terminals did, and what the kernel started for them.
        let steps: [LiveStep]
        /// The text of `debug/trace`.
        let trace: String
        /// Whether a terminal hung, and had to be killed.
        let isStuck: Bool
        /// Whether some task of the simulated kernel oopsed, be it one that is no terminal's.
        let hasOopsed: Bool
    }

    private let folder: String
    private let scripts: [String]
    private let setup: String?
    private var mount: String { folder + "/mnt" }
    /// How long nothing may happen before the run counts as stuck.
    private static let patience = 0.4
    /// How long a run may take in all; a busy reader never ends.
    private static let longest = 5.0

    /// Mounts.
    /// - Throws: `Failure`.
    init(_ scenario: Scenario, policy: String) throws {
        // A signal in between would leave files and the mount behind.
        let before = Self.blockEndings()
        defer { Self.restore(before) }
        var template = Array("\(Host.temporaryFolder)/zramfs-conform.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("no temporary folder: \(Errno(rawValue: errno))") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var scripts: [String] = []
        for (number, text) in scenario.terminalTexts.enumerated() {
            scripts.append("\(folder)/\(number).sh")
            try Outputs.write(LiveScript.file(text), to: scripts[number], mode: 0o600)
        }
        self.scripts = scripts
        setup = scenario.setupText.isEmpty ? nil : folder + "/setup.sh"
        if let setup { try Outputs.write(LiveScript.file(scenario.setupText), to: setup, mode: 0o600) }
        mkdir(mount, 0o700)
        let options = ["policy=\(policy)", scenario.machineOptions].filter { !$0.isEmpty }.joined(separator: ",")
        guard Process.run(Host.program, ["zramfs", "mount", "-o", options, mount]) == 0 else {
            end()
            throw Failure("")
        }
        guardAgainstSignals()
    }

    private static let endings = [SIGINT, SIGTERM, SIGHUP]

    /// - Returns: what was blocked before.
    private static func blockEndings() -> sigset_t {
        var set = sigset_t(), before = sigset_t()
        sigemptyset(&set)
        for number in endings { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, &before)
        return before
    }

    private static func restore(_ before: sigset_t) {
        var before = before
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    /// Ctrl-C leaves no mount and no shell behind: the daemon ends when its mount is gone.
    private func guardAgainstSignals() {
        hostage = Hostage(folder: folder, mount: mount, scripts: scripts + [setup].compactMap(\.self))
        for number in Self.endings {
            signal(number) { number in
                hostage?.end()
                _exit(128 + number)
            }
        }
    }

    /// Unmounts and cleans up.
    func end() {
        try? knob("b", "sysrq-trigger")
        _ = Process.run(Host.program, ["zramfs", "umount", mount])
        umount2(mount, Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// One run on a fresh kernel.
    /// - Throws: `Failure` if the mount does not answer as it should.
    func run(seed: Int, jitter: Int) throws -> Outcome {
        do {
            try knob("b", "sysrq-trigger")
            guard wait(5, until: { (try? text("module/zram/initstate")) == "live\n" }) else {
                throw Failure("the kernel does not come up again")
            }
            if let setup { _ = Process.run("sh", ["sh", setup, mount]) }
            try knob("1", "debug/trace")
            try knob("\(seed) \(jitter)", "debug/jitter")
            let terminals = start()
            guard terminals.count == scripts.count else { throw Failure("sh cannot be started") }
            let isStuck = !settle(terminals)
            try knob("off", "debug/jitter")
            try knob("0", "debug/trace")
            let trace = try text("debug/trace")
            for terminal in terminals { kill(-terminal, SIGKILL) }
            for terminal in terminals { while waitpid(terminal, nil, 0) < 0, errno == EINTR {} }
            hostage?.terminals.update(repeating: 0, count: mostTerminals)
            guard let steps = LiveTrace.steps(in: trace, groups: terminals) else {
                throw Failure("debug/trace cannot be read")
            }
            return Outcome(
                steps: steps, trace: trace, isStuck: isStuck, hasOopsed: RunCounts(mount: mount)["oopses"] > 0)
        } catch let error as Errno {
            throw Failure("\(mount): \(error)")
        }
    }

    /// Starts the terminals. A signal in between would not find them, and they would keep the daemon alive.
    private func start() -> [Int32] {
        let before = Self.blockEndings()
        defer { Self.restore(before) }
        // What the race makes of them, such as "No such device", is no news.
        let terminals = scripts.compactMap {
            Process.spawn("sh", ["sh", "-c", "exec sh \"$0\" \"$1\" 2>/dev/null", $0, mount], newSession: true)
        }
        for (place, terminal) in terminals.prefix(mostTerminals).enumerated() {
            hostage?.terminals[place] = terminal
        }
        return terminals
    }

    /// Waits until all terminals have ended, and what the kernel started for them sleeps or has ended, too; false if nothing
    /// happens any more.
    private func settle(_ terminals: [Int32]) -> Bool {
        let begin = Host.now
        var last = (length: -1, time: begin)
        while true {
            // Not reaped yet: the process group must stay theirs.
            let hasEnded = terminals.allSatisfy { terminal in
                var info = siginfo_t()
                return waitid(P_PID, id_t(terminal), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo != 0
            }
            if hasEnded, !isAny(in: ["R", "held"]) { return true }
            // Our own look at the trace is in it, too.
            let length = (try? text("debug/trace")).flatMap { LiveTrace.steps(in: $0, groups: terminals)?.count } ?? 0
            if length != last.length { last = (length, Host.now) }
            if Double(Host.now - begin) / 1e9 > Self.longest { return false }
            if Double(Host.now - last.time) / 1e9 > Self.patience {
                // Nobody waits in the simulated kernel: then it is the host that is slow.
                if isAny(in: ["D", "dead"]) { return false }
                last.time = Host.now
            }
            usleep(2000)
        }
    }

    /// Some task other than our look at it is in one of these states.
    private func isAny(in states: Set<String>) -> Bool {
        let lines = ((try? text("debug/tasks")) ?? "").split(separator: "\n").dropFirst()
        return lines.contains { line in
            let words = line.split(separator: " ")
            return words.count > 2 && states.contains(String(words[2])) && Int32(words[0]) != getpid()
        }
    }

    private func wait(_ seconds: Double, until condition: () -> Bool) -> Bool {
        let begin = Host.now
        while !condition() {
            if Double(Host.now - begin) / 1e9 > seconds { return false }
            usleep(1000)
        }
        return true
    }

    private func knob(_ value: String, _ path: String) throws(Errno) { try Knob.write(value, to: "\(mount)/\(path)") }

    private func text(_ path: String) throws(Errno) -> String {
        guard let text = try? String(contentsOfFile: "\(mount)/\(path)", encoding: .utf8) else { throw .ioError }
        return text
    }
}
