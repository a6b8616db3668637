import Glibc

/// A process, by its id.
struct Process {
    let pid: Int32

    /// Waits until the process has ended; for one that is not our child.
    func waitForEnd() {
        // pidfd_open has no wrapper in this libc; 434 on every architecture.
        let descriptor = Int32(syscall(434, Int(pid), 0))
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, -1) < 0, errno == EINTR {}
    }

    /// Runs a program found in PATH and returns its exit status; -1 if it could not be started.
    static func run(_ program: String, _ arguments: [String]) -> Int32 {
        guard let pid = spawn(program, arguments, newSession: false) else { return -1 }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : -1
    }

    /// Starts a program found in PATH; nil if that failed.
    static func spawn(_ program: String, _ arguments: [String], newSession: Bool) -> Int32? {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        if newSession { posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSID)) }
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { pointers.forEach { free($0) } }
        var pid: pid_t = 0
        guard posix_spawnp(&pid, program, nil, &attributes, pointers, environ) == 0 else { return nil }
        return pid
    }
}
