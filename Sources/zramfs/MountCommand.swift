import ArgumentParser
import Glibc

/// `zramfs mount` and `mount.fuse.zramfs`.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount", abstract: "Mount a simulated kernel with its zram.",
        discussion: """
            Examples:
              zramfs mount /mnt/z                            # a private temporary image
              zramfs mount --policy v8-11 disk.img /mnt/z      # the thread's patch 11 alone: the deadlock
              zramfs mount -o policy=v8,cpus=4,num_devices=2 -f /mnt/z
              mount -t fuse.zramfs disk.img /mnt/z -o policy=5.16

            Options of -o, separated by commas:
              policy=NAME      a set of patches (zramfs policies lists them); default 5.15
              patches=A+B      patches by name, joined by +; a patch's name alone works too
              abi=5.15|6.18    the kernel whose files and errnos are shown; default 5.15
              cpus=N           simulated CPUs; default 2
              num_devices=N    devices at the first modprobe; default 1
              lockdep=off      a kernel without CONFIG_PROVE_LOCKING: no report of an inversion that did not hang
              keep             the image outlives the mount: disksize, algorithm and data are back at the next one
              timing=smp       slow functions of the kernel take their time; off, or a factor
              log=FILE         the daemon's log; default syslog, or the terminal with -f
              remount,ro       or rw: the mount that is there becomes read-only, or writable
              allow_other      other users may look in (default for root)
            """)

    @Argument(help: "The disk's image file, made if it is not there, and the mount point; or the mount point alone.")
    var paths: [String] = []
    @Option(name: .short, help: "Options, separated by commas; see below.") var options: [String] = []
    @OptionGroup var kernel: KernelOptions
    @Flag(name: .short, help: "Stay in the foreground; the log goes to the terminal.") var foreground = false
    @Flag(name: .short, help: "Print FUSE requests; implies -f.") var debug = false
    @Option(help: .hidden) var readyDescriptor: Int32?
    @Option(help: .hidden) var ownerDescriptor: Int32?

    func run() throws {
        let options = options + kernel.words
        guard let last = paths.last, paths.count <= 2 else {
            throw Failure("mount wants [IMAGE] MOUNTPOINT; example: zramfs mount disk.img /mnt/z", .usage)
        }
        if let remount = Remount(options) { return try remount.run(last) }
        let parsed = try ParsedMountOptions(options)
        let mountPoint = try MountTable.absolute(last)
        try Self.check(mountPoint, last)
        let image = paths.count == 2 ? try MountTable.absolute(paths[0]) : nil
        if parsed.keeps, image == nil {
            throw Failure("-o keep wants an image that stays; example: zramfs mount -o keep disk.img \(last)", .usage)
        }
        if foreground || debug || readyDescriptor != nil {
            let daemon = try Daemon(
                image: image, mountPoint: mountPoint, options: parsed, debug: debug, readyDescriptor: readyDescriptor)
            if let ownerDescriptor { daemon.watch(owner: ownerDescriptor) }
            daemon.run()
        } else {
            try Background.start(
                ["mount", "-f"] + options.flatMap { ["-o", $0] } + [image, mountPoint].compactMap { $0 })
        }
    }

    private static func check(_ mountPoint: String, _ named: String) throws {
        if MountTable.ours().contains(where: { $0.mountPoint == mountPoint }) {
            throw Failure("\(named) is mounted already; first: umount \(named)", .usage)
        }
        guard mountPoint != "/" else { throw Failure("\(named): a mount over / would hide the whole system", .usage) }
        var status = stat()
        guard stat(mountPoint, &status) == 0 else {
            throw errno == ENOENT
                ? Failure("\(named) does not exist; first: mkdir -p \(named)", .usage)
                : Failure("\(named): \(String(cString: strerror(errno)))", .usage)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw Failure("\(named) is not a directory", .usage) }
        guard access("/dev/fuse", F_OK) == 0 else {
            throw Failure("there is no /dev/fuse; try: modprobe fuse (in a container: --device /dev/fuse)")
        }
    }
}
