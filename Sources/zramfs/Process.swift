import CRunShims
import Glibc

/// A process, by its id.
struct Process {
    let pid: Int32

    /// Waits until the process has ended; for one that is not our child.
    func waitForEnd() { while !hasEnded { usleep(2000) } }

    /// True if it is there no longer; one that has ended may wait for whoever reaps it.
    var hasEnded: Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat") else { return true }
        return stat.split(separator: ")").last?.hasPrefix(" Z") == true
    }

    /// Runs a program found in PATH and returns its exit status; -1 if it could not be started.
    static func run(_ program: String, _ arguments: [String]) -> Int32 {
        guard let pid = spawn(program, arguments, newSession: false) else { return -1 }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : -1
    }

    /// Starts a program found in PATH, in a session of its own if asked (`POSIX_SPAWN_SETSID`, a macro); nil if that failed.
    static func spawn(_ program: String, _ arguments: [String], newSession: Bool) -> Int32? {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // No signal stays blocked (`POSIX_SPAWN_SETSIGMASK`), whatever we wait for ourselves.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, newSession ? 0x88 : 0x08)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { pointers.forEach { free($0) } }
        var pid: pid_t = 0
        guard posix_spawnp(&pid, program, nil, &attributes, pointers, environ) == 0 else { return nil }
        return pid
    }
}

extension Process {
    /// Starts this program again in a session of its own, with nothing of ours but the channel, as descriptor 3, and our
    /// standard error if asked.
    static func serve(_ words: [String], channel: Int32, keepsError: Bool = false) -> Int32? {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        let pid = zr_serve(Host.executable, &pointers, channel, keepsError ? 1 : 0)
        return pid > 0 ? pid : nil
    }
}

/// The machine that we run on.
enum Host {
    /// Nanoseconds of the clock that only goes forward.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Where temporary files go.
    static var temporaryFolder: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    /// The file of this program. Asked first before any namespace is entered: below a chroot its name is not to be had
    /// in another.
    static let program: String = {
        guard let path = realpath("/proc/self/exe", nil) else { return "zramfs" }
        defer { free(path) }
        return String(cString: path)
    }()

    /// What to execute to run this program again, be it that its file has gone.
    static var executable: String { access(program, X_OK) == 0 ? program : "/proc/self/exe" }

    /// False in a user namespace, be it as root: there no device node can be opened.
    static var isInitialUserNamespace: Bool {
        guard let map = try? String(contentsOfFile: "/proc/self/uid_map") else { return true }
        return map.split(whereSeparator: \.isWhitespace) == ["0", "0", "4294967295"]
    }

    /// Processors that are online.
    static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
