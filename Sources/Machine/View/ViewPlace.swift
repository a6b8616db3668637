/// The directories of a host that the view stands in for, each `MNT/view/NAME`.
public enum ViewPlace: String, CaseIterable, Sendable {
    case block
    case classBlock = "class-block"
    case classes = "class"
    case devBlock = "dev-block"
    case virtualBlock = "virtual-block"
    case virtualMisc = "virtual-misc"
    case module
    case cpu
    case dev

    /// Where it is mounted.
    public var path: String {
        switch self {
        case .block: "/sys/block"
        case .classBlock: "/sys/class/block"
        case .classes: "/sys/class"
        case .devBlock: "/sys/dev/block"
        case .virtualBlock: "/sys/devices/virtual/block"
        case .virtualMisc: "/sys/devices/virtual/misc"
        case .module: "/sys/module"
        case .cpu: "/sys/devices/system/cpu"
        case .dev: "/dev"
        }
    }

    /// The subsystem of the devices in it, which each of them links to.
    var subsystem: String? {
        switch self {
        case .virtualBlock: "block"
        case .virtualMisc: "misc"
        default: nil
        }
    }

    /// Its entries are links to other places in `/sys`, which are there in the view, too.
    var keepsLinks: Bool { [.block, .classBlock, .devBlock].contains(self) }

    /// True if directories of the host are mounted over its own: links out of `/sys` are none for libudev.
    var mountsFolders: Bool { [.classes, .virtualBlock, .virtualMisc].contains(self) }

    /// The directories of the host that are to be mounted over those of the same name; asked before the view is mounted.
    public var hostFolders: [String] {
        guard mountsFolders, let directory = HostView.shared.directories[path] else { return [] }
        return directory.folders.filter { !hides($0, in: directory) }.sorted()
    }

    /// Where the host's entries lead: `zramfs run` mounts the host's `/dev` and `/sys` there.
    var host: String { Self.home + path }

    /// The directory of our own in the view's `/dev`: below it are the host's `dev` and `sys`, the mount as `mnt`, and
    /// the stand-ins for modprobe and the like as `bin`. The paths are the same for everybody who shows a mount so.
    public static let home = "/dev/.zramfs"
    /// The mount itself, as seen in the view.
    public static let mount = home + "/mnt"

    /// True for an entry of the host that the simulated kernel has its own of, or none.
    func hides(_ name: String, in directory: HostDirectory) -> Bool {
        switch self {
        case .block, .classBlock, .virtualBlock, .dev: Self.isNumbered(name, "zram")
        case .classes: name == "zram-control" || name == "block"
        case .devBlock:
            directory.link(name)?.split(separator: "/").last.map { Self.isNumbered(String($0), "zram") } ?? false
        case .virtualMisc: false
        case .module: name == "zram"
        case .cpu: Self.isNumbered(name, "cpu")
        }
    }

    /// `zram7`, but not `zram` or `zram-control`.
    static func isNumbered(_ name: String, _ prefix: String) -> Bool {
        name.hasPrefix(prefix) && name.count > prefix.count && name.dropFirst(prefix.count).allSatisfy(\.isNumber)
    }
}
