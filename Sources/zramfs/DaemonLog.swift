import Glibc
import HostGuard
import KernelCore

/// Where the daemon's log goes: the terminal, a file, or syslog.
enum DaemonLog {
    case terminal
    case file(Int32)
    case syslog

    /// - Throws: `Failure` if the file cannot be written.
    init(file: String?, foreground: Bool) throws {
        if let file {
            do { self = .file(try OutputFile.log(file, keeping: true, mode: 0o600)) } catch {
                throw Failure("-o log=\(error)", .usage)
            }
        } else if foreground {
            self = .terminal
        } else {
            openlog("zramfs", LOG_PID, 3 << 3)  // LOG_DAEMON, a macro that Swift does not see.
            self = .syslog
        }
    }

    /// Writes a line of the simulated kernel.
    func write(_ line: KernelLog.Line) {
        switch self {
        case .terminal: put(line.formatted, to: 2)
        case .file(let descriptor): put(line.formatted, to: descriptor)
        case .syslog:
            withVaList([strdupped(line.text)]) { vsyslog(Int32(line.level.rawValue), "%s", $0) }
        }
    }

    private func put(_ text: String, to descriptor: Int32) {
        var text = text + "\n"
        text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    /// A C string that stays until the next line; syslog copies it.
    private func strdupped(_ text: String) -> OpaquePointer {
        Self.scratch.store(text)
    }

    private static let scratch = Scratch()

    /// The last line as a C string: lines come one at a time, from the kernel's isolation.
    private final class Scratch: @unchecked Sendable {
        // Unchecked: touched only from within the isolation of the one mount of this process.
        private var pointer: UnsafeMutablePointer<CChar>?
        func store(_ text: String) -> OpaquePointer {
            free(pointer)
            pointer = strdup(text)
            return OpaquePointer(pointer!)
        }
    }
}
