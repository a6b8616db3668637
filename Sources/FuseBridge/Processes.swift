import CFuse3
import Glibc
import KernelCore

/// What the host knows of the processes that call.
enum Processes {
    /// The name of a thread, or the pid as text if it is gone. Kernel threads and foreign pid namespaces are pid 0.
    ///
    /// A process calls itself what it likes: here its name becomes one word that a log and a terminal can show.
    static func comm(of pid: Int32) -> String {
        guard pid > 0 else { return "kworker" }
        return SmallFile.bytes("/proc/\(pid)/comm").map { ForeignText.name($0.dropLast()) } ?? "\(pid)"
    }
}

extension Processes {
    /// The process group of a process; 0 if it is gone.
    static func group(of pid: Int32) -> Int32 { pid > 0 ? max(0, getpgid(pid)) : 0 }

    /// An oops kills who made the system call, as the kernel's `make_task_dead`; where this process may not, nothing
    /// happens to him. Never init, and never the daemon itself.
    static func kill(_ thread: Int32) {
        guard thread > 1, getpgid(thread) >= 0, !isOwn(thread) else { return }
        _ = Glibc.kill(thread, SIGKILL)
    }

    private static func isOwn(_ thread: Int32) -> Bool {
        thread == getpid() || access("/proc/self/task/\(thread)", F_OK) == 0
    }

    /// Signals that tell a process something and want nothing of it: SIGCHLD, SIGCONT, SIGURG, SIGWINCH.
    private static let harmless: UInt64 = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH].reduce(0) { $0 | 1 << UInt64($1 - 1) }

    /// True if a signal waits for the thread that is not harmless, or if nobody can tell.
    static func wantsOut(_ thread: Int32) -> Bool {
        guard thread > 0, let status = SmallFile.read("/proc/\(thread)/status") else { return true }
        func signals(_ name: String) -> UInt64 {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            return line.flatMap { UInt64($0.dropFirst(name.count).drop { $0 == "\t" }, radix: 16) } ?? 0
        }
        let pending = (signals("SigPnd:") | signals("ShdPnd:")) & ~signals("SigBlk:")
        return pending & ~harmless != 0
    }
}

/// Files of /proc: short, and read in one go.
enum SmallFile {
    /// The text of a file; nil if it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return read(descriptor)
    }

    /// The text of an open file from its beginning.
    static func read(_ descriptor: Int32) -> String? {
        bytes(descriptor).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What is in a file; nil if it cannot be read.
    static func bytes(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return bytes(descriptor)
    }

    private static func bytes(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        while true {
            let piece = [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
                count = max(0, pread(descriptor, buffer.baseAddress, buffer.count, bytes.count))
            }
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes.isEmpty ? nil : bytes
    }
}
