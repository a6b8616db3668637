import Glibc
import SystemPackage

/// A child process; killed when it is dropped.
final class Child {
    let pid: Int32
    private var status: Int32?

    init(_ words: [String]) throws(Errno) {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        // A test runner's threads block all signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid: Int32 = 0
        let error = posix_spawn(&pid, words[0], nil, &attributes, &arguments, environ)
        if error != 0 { throw Errno(rawValue: error) }
        self.pid = pid
    }

    deinit {
        if status == nil {
            kill(pid, SIGKILL)
            _ = wait()
        }
    }

    /// True if nothing is left to wait for.
    var hasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo != 0
    }

    /// Waits for the end: the exit code, or the signal that ended it.
    func wait() -> Int32 {
        if let status { return status }
        var raw: Int32 = 0
        while waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
        let result = raw & 0x7f != 0 ? raw & 0x7f : raw >> 8 & 0xff
        status = result
        return result
    }
}
