import Glibc

/// The exit statuses of the command, each with its meaning.
enum ExitStatus: Int32 {
    /// Done.
    case done = 0
    /// The command failed; a line says why.
    case failed = 1
    /// The arguments are wrong; a line says what to do.
    case usage = 2
    /// As umount(8): the target is busy, or unmounting failed.
    case busy = 32

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
        Terminal.error("zramfs: \(message)")
        status.leave()
    }
}

/// What is written to the person at the terminal.
enum Terminal {
    /// Writes a line to standard error.
    static func error(_ text: String) {
        var line = text
        line.append("\n")
        line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }
}
