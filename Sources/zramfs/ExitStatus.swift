import Glibc
import KernelCore

/// The exit statuses of the command, each with its meaning.
enum ExitStatus: Int32 {
    /// Done.
    case done = 0
    /// The command failed; a line says why.
    case failed = 1
    /// The arguments are wrong; a line says what to do.
    case usage = 2
    /// `zramfs explore`, `matrix`: nothing fails, but a command of the scenario never succeeded, so that nothing is proved.
    case empty = 3
    /// `zramfs verify-proof`: no time was left to come to an end; nothing was found that is wrong.
    case unfinished = 4
    /// As umount(8): the target is busy, or unmounting failed.
    case busy = 32

    /// `zramfs run`: lockdep found an inversion that did not hang.
    case inversion = 120
    /// `zramfs run`: the simulated kernel deadlocked.
    case deadlock = 121
    /// `zramfs run`: it oopsed.
    case oops = 122
    /// `zramfs run`: it warned, or leaked memory.
    case leak = 123
    /// `zramfs run`: the command took too long.
    case timeout = 124
    /// `zramfs run` itself failed, as with env(1) and timeout(1).
    case runFailed = 125

    /// Ends the process.
    func leave() -> Never { exit(rawValue) }
}

/// An error that a person reads: one line that says what to do, and the exit status.
struct Failure: Error {
    let message: String
    var status = ExitStatus.failed

    init(_ message: String, _ status: ExitStatus = .failed) {
        self.message = message
        self.status = status
    }

    func exit() -> Never {
        // An empty one was said already, by the daemon.
        if !message.isEmpty { Terminal.error("zramfs: \(message)") }
        status.leave()
    }
}

/// What is written to the person at the terminal.
enum Terminal {
    /// Writes a line, or several, to standard error; what comes from elsewhere in it cannot move the cursor.
    static func error(_ text: String) {
        progress(ForeignText.shown(text, keepingLines: true) + "\n")
    }

    /// Writes to standard error as it is.
    static func progress(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
