import CRunShims
import Glibc
import Machine

/// The private namespace of a run: the instance, the view over the host's files, who lives in it, and its end.
final class RunSession {
    let options: RunOptions
    private let base: RunFolder
    /// The mount, as it is seen from the namespace.
    private(set) var mount: String
    /// The pipe that nobody writes to: its end is ours, for those who end the run.
    private var owner: (read: Int32, write: Int32) = (-1, -1)
    /// The namespace that the daemon lives in.
    private var outside: Int32 = -1
    private var reaper: Int32 = 0
    private var daemon: Int32 = 0

    /// Enters the namespace, mounts, and shows the view.
    ///
    /// From here on this process sees what the command will see.
    /// - Throws: `Failure` with status 125.
    init(_ options: RunOptions) throws {
        self.options = options
        guard access(Host.temporaryFolder, W_OK) == 0 else {
            throw Self.problem("\(Host.temporaryFolder): no file can be made there")
        }
        let joined = try options.mount.map { try MountTable.find($0) }
        try Self.enter()
        base = try RunFolder()
        mount = joined ?? base.path + "/mnt"
        do {
            try startReaper()
            if joined == nil { try startDaemon() }
            try separate()
            try show()
            if joined == nil { mount = ViewPlace.mount }
            try prepare()
        } catch {
            end()
            throw error
        }
    }

    /// Ends all that still runs in the namespace, and leaves nothing behind. The reaper does it, as it does when this
    /// process is killed.
    func end() {
        // What the command has mounted is unmounted with the last of us: the daemon must be there then.
        if outside >= 0 {
            chdir("/")
            _ = zr_join_namespace(outside)
            close(outside)
            outside = -1
        }
        close(owner.write)
        var status: Int32 = -1
        if reaper > 0 { while waitpid(reaper, &status, 0) < 0, errno == EINTR {} }
        if status != 0 { RunEnd(base: base.path, owner: nil).finish() }
        if daemon > 0 { waitpid(daemon, &status, WNOHANG) }
        base.remove()
    }

    /// True if the daemon has ended, which is not for it to do.
    func hasLostDaemon() -> Bool {
        guard daemon > 0, waitpid(daemon, nil, WNOHANG) == daemon else { return false }
        daemon = 0
        return true
    }

    static func problem(_ what: String, _ error: Int32 = errno) -> Failure {
        Failure("\(what): \(String(cString: strerror(error)))", .runFailed)
    }

    private static func enter() throws {
        let isRoot = geteuid() == 0
        guard zr_enter_namespace(isRoot ? 0 : 1) == 0 else {
            throw Self.problem(
                isRoot
                    ? "no mount namespace (in a container: --cap-add SYS_ADMIN)"
                    : "this host lets ordinary users have no user namespace; as root it works")
        }
    }

    /// Before there is anything to be left behind.
    private func startReaper() throws {
        var ends: [Int32] = [-1, -1]
        guard zr_pipe(&ends) == 0 else { throw Self.problem("pipe") }
        owner = (ends[0], ends[1])
        let words = ["zramfs", "reap", "--owner", "\(getpid())", base.path]
        reaper = Process.serve(words, channel: owner.read, keepsError: true) ?? 0
        guard reaper > 0 else { throw Self.problem("the reaper could not be started") }
    }

    /// Leaves the daemon behind in a namespace without the view: even its C library looks at `/sys`, and would wait for
    /// itself.
    private func separate() throws {
        close(owner.read)
        outside = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)
        guard outside >= 0, zr_copy_namespace() == 0 else { throw Self.problem("no mount namespace") }
    }

    private func startDaemon() throws {
        mkdir(mount, 0o755)
        var words = options.mountOptions + ",private,log=\(base.path)/log"
        if options.usesLoops { words += ",dev,blockdev=loop" }
        _ = fcntl(owner.read, F_SETFD, 0)
        do {
            daemon = try Background.start(
                ["mount", "-f", "-o", words, "--owner-descriptor", "\(owner.read)", mount])
        } catch let failure as Failure {
            throw Failure(failure.message, .runFailed)
        }
    }

    /// Shows the view over the host's files.
    private func show() throws {
        // Before its place is covered.
        ModuleFolder.show(base.path)
        let home = mount + "/view/dev/.zramfs"
        try bind("/dev", home + "/dev", recursive: true)
        try bind("/sys", home + "/sys", recursive: true)
        try bind(mount, home + "/mnt")
        // The parent before what is in it; /dev last, for everything else is reached through the mount.
        let order: [ViewPlace] = [
            .classes, .classBlock, .block, .devBlock, .virtualBlock, .virtualMisc, .module, .cpu, .dev,
        ]
        // Looked at before anything is covered.
        let folders = order.map(\.hostFolders)
        for (place, folders) in zip(order, folders) where access(place.path, F_OK) == 0 {
            try bind("\(mount)/view/\(place.rawValue)", place.path, recursive: place == .dev)
            // A host that refuses shows an empty one.
            for folder in folders { _ = zr_bind("\(home)/\(place.path)/\(folder)", "\(place.path)/\(folder)", 0) }
        }
        // A kernel built without modules, swap or debugfs has no place to show them at.
        // debugfs last: our folder may lie there.
        let files = [
            ("/view/proc-modules", "/proc/modules"), ("/view/proc-swaps", "/proc/swaps"),
            ("/view/proc-tainted", "/proc/sys/kernel/tainted"),
            ("/debug", "/sys/kernel/debug"),
        ]
        for (from, at) in files where access(at, F_OK) == 0 { try bind(mount + from, at) }
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
        // libudev takes only what is on a sysfs, unless it is told that there is none.
        setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", 1)
    }

    private func put(_ text: String, _ name: String) throws {
        do { try Knob.write(text, to: "\(mount)/debug/\(name)") } catch {
            throw Failure("debug/\(name) does not take '\(text)': \(error)", .usage)
        }
    }
}

/// The run's folder: a file system in memory that is seen by the run alone. It lies over a directory that the view covers,
/// so that no name is left in any file system of the host, however the run ends.
struct RunFolder {
    let path: String
    private let isMade: Bool

    /// In the run's namespace.
    /// - Throws: `Failure` with status 125.
    init() throws {
        for place in ["/sys/kernel/debug", "/sys/fs/fuse"] where access(place, F_OK) == 0 {
            guard zr_mount_tmpfs(place) == 0 else { continue }
            (path, isMade) = (place, false)
            return
        }
        // Without sysfs.
        var template = Array("\(Host.temporaryFolder)/zramfs-run.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RunSession.problem(Host.temporaryFolder) }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        isMade = true
        guard zr_mount_tmpfs(path) == 0 else {
            let failure = RunSession.problem("\(path): no tmpfs")
            rmdir(path)
            throw failure
        }
    }

    func remove() {
        umount2(path, Int32(MNT_DETACH))
        if isMade { rmdir(path) }
    }
}
