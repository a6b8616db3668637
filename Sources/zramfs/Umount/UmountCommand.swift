import ArgumentParser
import Glibc
import SystemPackage

/// `zramfs umount` and `umount.fuse.zramfs`: module removal, then detaching.
struct UmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount", abstract: "Remove the module and unmount; hangs where the kernel's rmmod would.",
        discussion: """
            Examples:
              umount /mnt/z               # runs this, through /sbin/umount.fuse.zramfs
              zramfs umount --lazy /mnt/z # detach at once; the module's exit runs while operations are in flight

            Returns when the daemon has ended, so that the image is complete. Where the mount is shown at another place
            as well (mount --bind), only this one goes. Exit status 32: the target is busy; by whom is said.
            """)

    @Argument(help: "The mount point.", completion: Completion.mountPoints) var mountPoint: String
    @Flag(name: [.short, .long], help: "Detach now, as umount -l.") var lazy = false
    @Flag(name: [.short, .long], help: "Abort pending requests, as umount -f.") var force = false

    func run() throws {
        let mount = try MountTable.find(mountPoint)
        if lazy || force {
            try detach(mount, lazy ? Int32(MNT_DETACH) : Int32(MNT_FORCE))
            return
        }
        let mounts = MountTable.ours()
        let device = mounts.last { $0.mountPoint == mount }!.device
        // The module is for whoever unmounts it last.
        if mounts.count(where: { $0.device == device }) > 1 { return try detach(mount, 0) }
        let daemon = try? String(contentsOfFile: mount + "/debug/pid")
        do {
            try removeModule(mount)
        } catch {
            switch error {
            case .noSuchFileOrDirectory, .readOnlyFileSystem: break  // Gone already, or the daemon does it.
            case .socketNotConnected, .connectionAbort: return try detachDead(mount)
            case .wouldBlock, .resourceBusy:
                throw Failure("\(mountPoint): target is busy\(BusyReport(mount).line)", .busy)
            case .interrupted: throw Failure("\(mountPoint): interrupted; the module's exit goes on", .busy)
            case .permissionDenied: throw Failure("\(mountPoint): only the owner of the mount may unmount it", .busy)
            default: throw Failure("\(mountPoint): module zram could not be removed: \(error)", .busy)
            }
        }
        let process = daemon.flatMap { Int32($0.filter(\.isNumber)) }.map(Process.init)
        try detach(mount, 0)
        if let process { wait(for: process, device) }
    }

    /// Says after a while what it waits for.
    private func removeModule(_ mount: String) throws(Errno) {
        let named = mountPoint
        Thread.start {
            sleep(2)
            let line = BusyReport(mount).line
            Terminal.error(
                "zramfs: \(named): the module's exit waits\(line.isEmpty ? "" : line); Ctrl-C leaves it alone")
        }
        try Knob.write("zram", to: mount + "/debug/delete_module")
    }

    /// Nobody serves it any more: there is no module to remove.
    private func detachDead(_ mount: String) throws {
        try detach(mount, 0)
        Utab.forget(mount)
    }

    /// The daemon lives as long as another mount namespace has a copy of the mount.
    private func wait(for daemon: Process, _ device: Substring) {
        let start = Host.now
        while !daemon.hasEnded {
            usleep(2000)
            guard Host.now - start > 1_500_000_000 else { continue }
            let holders = BusyReport.holders(of: device)
            guard !holders.isEmpty else { continue }
            Terminal.error(
                "zramfs: \(mountPoint) is unmounted, and its module removed; but its daemon (\(daemon.pid)) goes on, for "
                    + "another mount namespace shows it: \(holders.prefix(4).joined(separator: ", "))")
            return
        }
    }

    private func detach(_ mount: String, _ flags: Int32) throws {
        if umount2(mount, flags) == 0 { return }
        let error = Errno(rawValue: errno)
        if error == .notPermitted {
            let arguments = ["fusermount3", "-u"] + (lazy ? ["-z"] : []) + ["--", mount]
            guard Process.run("fusermount3", arguments) == 0 else {
                throw Failure("\(mountPoint): fusermount3 could not unmount it", .busy)
            }
            return
        }
        guard error == .resourceBusy else { throw Failure("\(mountPoint): \(error)", .busy) }
        let line = BusyReport(mount).line
        throw Failure("\(mountPoint): target is busy\(line.isEmpty ? "; see: fuser -vm \(mountPoint)" : line)", .busy)
    }
}
