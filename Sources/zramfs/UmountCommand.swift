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

            Returns when the daemon has ended, so that the image is complete. Exit status 32: the target is busy.
            """)

    @Argument(help: "The mount point.") var mountPoint: String
    @Flag(name: [.short, .long], help: "Detach now, as umount -l.") var lazy = false
    @Flag(name: [.short, .long], help: "Abort pending requests, as umount -f.") var force = false

    func run() throws {
        let mount = try MountTable.find(mountPoint)
        if lazy || force {
            try detach(mount, lazy ? Int32(MNT_DETACH) : Int32(MNT_FORCE))
            return
        }
        let daemon = try? String(contentsOfFile: mount + "/debug/pid")
        do {
            try Knob.write("zram", to: mount + "/debug/delete_module")
        } catch {
            switch error {
            case .noSuchFileOrDirectory: break  // The module is gone already.
            case .wouldBlock, .resourceBusy: throw Failure("\(mountPoint): target is busy.", .busy)
            case .interrupted: throw Failure("\(mountPoint): interrupted; the module's exit goes on", .busy)
            case .permissionDenied: throw Failure("\(mountPoint): only the owner of the mount may unmount it", .busy)
            default: throw Failure("\(mountPoint): module zram could not be removed: \(error)", .busy)
            }
        }
        let process = daemon.flatMap { Int32($0.filter(\.isNumber)) }.map(Process.init)
        try detach(mount, 0)
        process?.waitForEnd()
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
        throw Failure("\(mountPoint): target is busy (a file or a directory in it is in use; see: fuser -vm)", .busy)
    }
}
