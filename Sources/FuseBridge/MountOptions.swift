import CFuse3
import Glibc

/// How a tree is mounted.
public struct MountOptions: Sendable {
    /// The directory to mount at.
    public var mountPoint: String
    /// The first field of the mount table, libfuse's `fsname`.
    public var source: String
    /// The type in the mount table is `fuse.SUBTYPE`, and `umount` runs `umount.fuse.SUBTYPE`.
    public var subtype = "zramfs"
    /// Lets other users in; without it even a file of mode 0444 is `EACCES` to them.
    public var allowOther = false
    /// Owner of all files until `chown` changes one.
    public var ownerUID = getuid()
    /// Group of all files until `chown` changes one.
    public var ownerGID = getgid()
    /// Bytes of the largest write request. One request is one worker, so that a larger one keeps the other cores idle.
    public var maxWrite: UInt32 = 128 << 10
    /// Threads that read requests; handlers never wait for the simulated kernel, so that a few are enough.
    public var threads = 10
    /// Lets the page cache hold writes to disks back, `FUSE_CAP_WRITEBACK_CACHE`.
    ///
    /// Small buffered writes are gathered before they are sent. In return a buffered write at the end of a disk succeeds, for
    /// the kernel asks nobody, and only a later fsync fails; and the size of a disk can no longer change under a bind
    /// mount, because only a new inode has the new size.
    public var writebackCache = false
    /// Further mount options, e.g. `ro` or `nosuid`, as behind `-o`.
    public var extra: [String] = []
    /// Prints each request and reply to stderr.
    public var debug = false

    /// Mounts at a directory; `source` names the mount, e.g. the image file.
    public init(mountPoint: String, source: String = "zramfs") {
        self.mountPoint = mountPoint
        self.source = source
    }

    /// The command line that libfuse parses.
    var arguments: [String] {
        var options = ["fsname=\(escape(source))", "subtype=\(escape(subtype))", "default_permissions"]
        if allowOther { options.append("allow_other") }
        options += extra
        return ["zramfs", "-o", options.joined(separator: ",")] + (debug ? ["-d"] : [])
    }

    private func escape(_ value: String) -> String {
        value.reduce(into: "") { $0 += $1 == "," || $1 == "\\" ? "\\\($1)" : "\($1)" }
    }
}
