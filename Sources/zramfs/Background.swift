import Glibc

/// Puts the daemon in the background: a fresh process, because a forked one could not run Swift's threads.
enum Background {
    /// Starts this program again with the arguments, in a session of its own, and waits until it serves.
    ///
    /// - Returns: its process id.
    /// - Throws: `Failure` with the daemon's own words and status if it did not come up.
    @discardableResult
    static func start(_ arguments: [String]) throws -> Int32 {
        var pipes: [Int32] = [0, 0]
        guard pipe(&pipes) == 0 else { throw Failure("pipe: \(String(cString: strerror(errno)))") }
        _ = fcntl(pipes[0], F_SETFD, FD_CLOEXEC)
        let words = ["zramfs"] + arguments + ["--ready-descriptor", String(pipes[1])]
        guard let pid = Process.spawn(Host.executable, words, newSession: true) else {
            throw Failure("could not start the daemon: \(String(cString: strerror(errno)))")
        }
        close(pipes[1])
        var answer: UInt8 = 0
        var count: Int
        repeat { count = read(pipes[0], &answer, 1) } while count < 0 && errno == EINTR
        if count == 1 { return pid }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        // The daemon has said why on our standard error.
        throw Failure("", ExitStatus(rawValue: status >> 8 & 0xff) ?? .failed)
    }

    /// Tells the starter that the mount is there, and lets go of the terminal.
    static func ready(_ descriptor: Int32) {
        var byte: UInt8 = 1
        _ = write(descriptor, &byte, 1)
        close(descriptor)
        let null = open("/dev/null", O_RDWR)
        for standard in 0...2 as ClosedRange<Int32> { dup2(null, standard) }
        if null > 2 { close(null) }
        chdir("/")
    }
}
