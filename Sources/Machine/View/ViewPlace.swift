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
