import CRunShims
import Glibc
import Machine

/// The private namespace of a run: the instance, the view over the host's files, who lives in it, and its end.
final class RunSession {
    let options: RunOptions
    private let base: String
    /// The mount, as it is seen from the namespace.
    let mount: String
    private var owner: Int32 = -1
    private var reaper: Int32 = 0
    private var daemon: Int32 = 0

    /// Enters the namespace, mounts, and shows the view.
    ///
    /// From here on this process sees what the command will see.
    /// - Throws: `Failure` with status 125.
    init(_ options: RunOptions) throws {
        self.options = options
        let joined = try options.mount.map { try MountTable.find($0) }
        base = try Self.makeFolder()
        mount = joined ?? base + "/mnt"
        do {
            try enter()
            if joined == nil { try startDaemon() }
            try separate()
            try show()
            try prepare()
        } catch {
            end()
            throw error
        }
    }

    /// Ends all that still runs in the namespace, and leaves nothing behind. The reaper does it, as it does when this
    /// process is killed.
    func end() {
        if reaper > 0 {
            close(owner)
            var status: Int32 = 0
            while waitpid(reaper, &status, 0) < 0, errno == EINTR {}
            reaper = 0
        }
        if daemon > 0 {
            kill(daemon, SIGKILL)
            var status: Int32 = 0
            while waitpid(daemon, &status, 0) < 0, errno == EINTR {}
            daemon = 0
        }
        umount2(base, Int32(MNT_DETACH))
        rmdir(base)
    }

    private static func makeFolder() throws -> String {
        let folder = Host.temporaryFolder
        var template = Array("\(folder)/zramfs-run.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw problem("\(folder): no folder can be made there") }
        return template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    static func problem(_ what: String, _ error: Int32 = errno) -> Failure {
        Failure("\(what): \(String(cString: strerror(error)))", .runFailed)
    }

    private func enter() throws {
        let isRoot = geteuid() == 0
        guard zr_enter_namespace(isRoot ? 0 : 1) == 0 else {
            throw Self.problem(
                isRoot
                    ? "no mount namespace (in a container: --cap-add SYS_ADMIN)"
                    : "this host lets ordinary users have no user namespace; as root it works")
        }
        guard zr_mount_tmpfs(base) == 0 else { throw Self.problem("\(base): no tmpfs") }
    }

    /// Leaves the daemon behind in a namespace without the view: even its C library looks at `/sys`, and would wait for
    /// itself. The reaper comes along, and ends what it finds in ours.
    private func separate() throws {
        guard zr_copy_namespace() == 0 else { throw Self.problem("no mount namespace") }
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Self.problem("pipe") }
        owner = ends[1]
        _ = fcntl(owner, F_SETFD, FD_CLOEXEC)
        let words = ["zramfs", "reap", "--descriptor", "\(ends[0])", "--owner", "\(getpid())", base]
        reaper = Process.spawn(Host.executable, words, newSession: true) ?? 0
        close(ends[0])
        guard reaper > 0 else { throw Self.problem("the reaper could not be started") }
    }

    private func startDaemon() throws {
        mkdir(mount, 0o755)
        var words = options.mountOptions + ",private,log=\(base)/log"
        if options.usesLoops { words += ",dev,blockdev=loop" }
        do {
            daemon = try Background.start(["mount", "-f", "-o", words, mount])
        } catch let failure as Failure {
            throw Failure(failure.message, .runFailed)
        }
    }

    /// Shows the view over the host's files.
    private func show() throws {
        let home = mount + "/view/dev/.zramfs"
        try bind("/dev", home + "/dev", recursive: true)
        try bind("/sys", home + "/sys", recursive: true)
        try bind(mount, home + "/mnt")
        // The parent before what is in it; /dev last, for everything else is reached through the mount.
        let order: [ViewPlace] = [
            .classes, .classBlock, .block, .devBlock, .virtualBlock, .virtualMisc, .module, .cpu, .dev,
        ]
        for place in order where access(place.path, F_OK) == 0 {
            try bind("\(mount)/view/\(place.rawValue)", place.path, recursive: place == .dev)
        }
        // A kernel built without modules, swap or debugfs has no place to show them at.
        let files = [
            "/debug": "/sys/kernel/debug", "/view/proc-modules": "/proc/modules", "/view/proc-swaps": "/proc/swaps",
        ]
        for (from, at) in files where access(at, F_OK) == 0 { try bind(mount + from, at) }
        ModuleFolder.show(base)
    }

    private func bind(_ from: String, _ at: String, recursive: Bool = false) throws {
        guard zr_bind(from, at, recursive ? 1 : 0) == 0 else { throw Self.problem("\(from) cannot be shown at \(at)") }
    }

    /// What is to be set before the command starts.
    private func prepare() throws {
        if options.unloaded { try put("zram", "delete_module") }
        if let seed = options.seed, options.delay > 0 { try put("\(seed) \(options.delay)", "jitter") }
        if options.trace != nil || options.record != nil { try put("1", "trace") }
        for fault in options.faults {
            let parts = fault.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            try put(parts[1], parts[0])
        }
        let tools = ViewPlace.home + "/bin"
        let path =
            getenv("PATH").map { String(cString: $0) } ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        setenv("PATH", "\(tools):\(path)", 1)
        setenv("ZRAMFS_MOUNT", ViewPlace.mount, 1)
    }

    private func put(_ text: String, _ name: String) throws {
        do { try Knob.write(text, to: "\(mount)/debug/\(name)") } catch {
            throw Failure("debug/\(name) does not take '\(text)': \(error)", .usage)
        }
    }
}
