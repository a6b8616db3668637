import CRunShims
import Glibc
import Machine

/// A program of the host that one of our stand-ins comes before in PATH.
struct HostProgram {
    let name: String

    /// Where it is; nil if the host has none.
    private var path: String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        return folders.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 && !isOurs($0) }
    }

    /// Our own stand-in, by whatever name of its folder.
    private func isOurs(_ path: String) -> Bool {
        var file = stat(), own = stat()
        guard stat(path, &file) == 0, stat("/proc/self/exe", &own) == 0 else { return true }
        return file.st_dev == own.st_dev && file.st_ino == own.st_ino
    }

    /// Runs it.
    /// - Returns: its exit status.
    func run(_ arguments: [String]) -> Int32 {
        guard let path else {
            Terminal.error("\(name): the host has no \(name), and the simulated kernel nothing of that name")
            return 1
        }
        fflush(nil)
        let status = Process.run(path, [name] + arguments)
        return status < 0 ? 1 : status
    }

    /// Runs it to hear what it says; it must be asked for nothing that changes anything.
    func output(_ arguments: [String]) -> String {
        guard let path else { return "" }
        var ends: [Int32] = [0, 0]
        guard zr_pipe(&ends) == 0 else { return "" }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for standard in 1...2 as ClosedRange<Int32> { posix_spawn_file_actions_adddup2(&actions, ends[1], standard) }
        var words: [UnsafeMutablePointer<CChar>?] = ([name] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        let isStarted = posix_spawn(&pid, path, &actions, nil, &words, environ) == 0
        close(ends[1])
        guard isStarted else { return "" }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
        return String(decoding: bytes, as: UTF8.self)
    }
}
