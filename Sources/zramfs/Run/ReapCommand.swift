import ArgumentParser
import CRunShims
import Glibc

/// Ends everything of a run when `run` has ended, however it ended: kill -9 included.
///
/// It lives where the daemon lives, in the namespace without the view, and needs neither of them. `run`, the daemon and
/// it watch each other: whichever two are killed, the third does all of this.
struct ReapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reap", shouldDisplay: false)

    @Option var owner: Int32
    @Argument var base: String

    func run() throws {
        for signal in [SIGINT, SIGTERM, SIGHUP] { Glibc.signal(signal, SIG_IGN) }
        chdir("/")
        // Nobody writes: the end is the end of the owner.
        var byte: UInt8 = 0
        while read(3, &byte, 1) < 0, errno == EINTR {}
        RunEnd(base: base, owner: getppid() == owner ? owner : nil).finish()
    }
}

/// The end of a run: its processes, the daemon and the loop devices' keeper, and if need be the connection.
struct RunEnd {
    let base: String
    /// `run` itself, which is left alone.
    let owner: Int32?

    /// Milliseconds for the daemon to end in good order, and to die.
    private static let patience = (orderly: 10_000, dying: 2_000)

    func finish() {
        let spared = Set([getpid()] + [owner].compactMap(\.self))
        let members = NamespaceMembers(of: base, except: spared)
        members.kill(isLate: abort)
        // They have heard of the end as well.
        if wait(Self.patience.orderly, members) { return }
        for pid in members.neighbours { kill(pid, SIGKILL) }
        if wait(Self.patience.dying, members) { return }
        // It waits for a reply of its own.
        abort()
        _ = wait(Self.patience.dying, members)
    }

    /// - Returns: true if all who live where the daemon lives have ended.
    private func wait(_ milliseconds: Int, _ members: NamespaceMembers) -> Bool {
        let start = Host.now
        while !members.neighbours.isEmpty {
            if Host.now - start > UInt64(milliseconds) * 1_000_000 { return false }
            usleep(2000)
        }
        return true
    }

    /// Aborts the connection of the run's own mount: whoever waits for the daemon, be it itself, gets an error.
    private func abort() {
        let mount = base + "/mnt"
        guard let table = try? String(contentsOfFile: "/proc/self/mountinfo") else { return }
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[4] == mount, let minor = fields[2].split(separator: ":").last else {
                continue
            }
            let folder = "/sys/fs/fuse/connections"
            if access("\(folder)/\(minor)/abort", F_OK) != 0 { _ = zr_mount_connections(folder) }
            try? Knob.write("1", to: "\(folder)/\(minor)/abort")
        }
    }
}
