import CFuse3
import Glibc
import SystemPackage

extension MountError {
    /// Looks for the obstacles that libfuse reports badly or not at all.
    static func check(_ options: MountOptions) throws(MountError) {
        try checkMountPoint(options.mountPoint)
        try checkDevice()
        if geteuid() != 0, !isInPath("fusermount3") {
            throw MountError(.helper, "fusermount3 is not installed, and only root mounts without it: install fuse3")
        }
    }

    private static func checkMountPoint(_ path: String) throws(MountError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            switch errno {
            case ENOENT: throw MountError(.mountPoint, "\(path): there is no such directory: create it first")
            case ENOTCONN:
                throw MountError(.mountPoint, "\(path): a dead mount is still there: fusermount3 -uz \(path)")
            case let other: throw MountError(.mountPoint, "\(path): \(Errno(rawValue: other))")
            }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw MountError(.mountPoint, "\(path): not a directory") }
        if geteuid() != 0, access(path, W_OK) != 0 {
            throw MountError(.mountPoint, "\(path): a user can mount only over a directory that he may write to")
        }
    }

    private static func checkDevice() throws(MountError) {
        let descriptor = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        if descriptor >= 0 {
            close(descriptor)
            return
        }
        switch errno {
        case ENOENT: throw MountError(.device, "/dev/fuse is missing: modprobe fuse")
        case ENODEV, ENXIO: throw MountError(.device, "/dev/fuse has no driver: modprobe fuse")
        case EACCES, EPERM:
            // An unprivileged user gets the descriptor from the helper, which is setuid.
            if geteuid() == 0 { throw MountError(.device, "/dev/fuse cannot be opened: not permitted here") }
        case let other: throw MountError(.device, "/dev/fuse cannot be opened: \(Errno(rawValue: other))")
        }
    }

    private static func isInPath(_ program: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }
}
