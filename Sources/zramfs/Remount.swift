import CRunShims
import Glibc

/// `mount -o remount,ro`: what the host's kernel does with the mount, not the kernel under it.
struct Remount {
    /// The names of mount(8), each with its flag, and whether it takes it away.
    private static let flags: [String: (flag: UInt, isSet: Bool)] = [
        "ro": (UInt(MS_RDONLY), true), "rw": (UInt(MS_RDONLY), false), "nosuid": (UInt(MS_NOSUID), true),
        "suid": (UInt(MS_NOSUID), false), "nodev": (UInt(MS_NODEV), true), "dev": (UInt(MS_NODEV), false),
        "noexec": (UInt(MS_NOEXEC), true), "exec": (UInt(MS_NOEXEC), false), "noatime": (UInt(MS_NOATIME), true),
        "atime": (UInt(MS_NOATIME), false), "nodiratime": (UInt(MS_NODIRATIME), true),
        "diratime": (UInt(MS_NODIRATIME), false), "relatime": (UInt(MS_RELATIME), true),
        "norelatime": (UInt(MS_RELATIME), false), "sync": (UInt(MS_SYNCHRONOUS), true),
        "async": (UInt(MS_SYNCHRONOUS), false), "dirsync": (UInt(MS_DIRSYNC), true),
    ]
    /// What mount(8) repeats of a mount that is there.
    private static let repeated: Set<String> = [
        "remount", "defaults", "uhelper", "user_id", "group_id", "default_permissions", "allow_other", "max_read",
        "blksize", "rootmode",
        "fd",
    ]

    private let words: [String]

    /// nil if the options do not ask for it.
    init?(_ lists: [String]) {
        words = lists.flatMap { $0.split(separator: ",").map(String.init) }
        guard words.contains("remount") else { return nil }
    }

    /// - Throws: `Failure` with the option that cannot be changed so, or the host's error.
    func run(_ named: String) throws {
        let mount = try MountTable.find(named)
        var wanted: UInt = 0
        for word in words {
            let name = String(word.split(separator: "=").first ?? "")
            if let (flag, isSet) = Self.flags[name] {
                if isSet { wanted |= flag } else { wanted &= ~flag }
            } else if !Self.repeated.contains(name), !name.hasPrefix("x-") {
                throw Failure("-o remount cannot change '\(word)'; unmount it and mount it anew", .usage)
            }
        }
        guard zr_remount(mount, wanted) == 0 else {
            throw Failure("\(named): \(String(cString: strerror(errno)))", .busy)
        }
    }
}
