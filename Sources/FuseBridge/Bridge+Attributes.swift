import CFuse3
import CFuseShims
import Glibc
import KernelCore
import Kernfs
import SystemPackage

extension Bridge {
    /// - Parameter isSeek: the request comes with a descriptor: FUSE asks so for lseek(SEEK_END), not for fstat.
    func getAttributes(_ request: consuming Request, _ id: UInt64, isSeek: Bool) {
        var found: (status: stat, seconds: Double)?
        var isGone = false
        isolation.run {
            guard let node = inodes[id]?.node else { return }
            isGone = isSeek && node.attribute != nil && !node.isActive
            found = (status(of: node), attributesHold(node))
        }
        guard let found else { return request.fail(.noSuchFileOrDirectory) }
        if isGone { return request.fail(.noSuchDevice) }
        request.attributes(found.status, validFor: found.seconds)
    }

    /// chmod, chown, utimes and truncate; a size is accepted and has no effect, except that a device has its own mind.
    func setAttributes(
        _ request: consuming Request, _ id: UInt64, _ wanted: stat, _ what: SettableAttributes, isOpen: Bool
    ) {
        var found: (status: stat, seconds: Double)?
        var error = Errno.noSuchFileOrDirectory
        isolation.run {
            guard let node = inodes[id]?.node else { return }
            if what.contains(.size), node.device != nil, !isOpeningForTruncation(wanted, what, isOpen: isOpen) {
                error = .invalidArgument
                return
            }
            set(node, wanted, what)
            found = (status(of: node), attributesHold(node))
        }
        guard let found else { return request.fail(error) }
        request.attributes(found.status, validFor: found.seconds)
    }

    /// `O_TRUNC` has no effect on a block device, truncate and ftruncate fail. The first comes as a change of the size
    /// to 0 without a descriptor, as does `truncate -s 0 PATH`, which therefore has no effect either.
    private func isOpeningForTruncation(_ wanted: stat, _ what: SettableAttributes, isOpen: Bool) -> Bool {
        !isOpen && wanted.st_size == 0
    }

    private func set(_ node: KernfsNode, _ wanted: stat, _ what: SettableAttributes) {
        if what.contains(.mode) { node.mode = UInt16(wanted.st_mode & 0o7777) }
        if !what.isDisjoint(with: [.user, .group]) {
            var owners = node.owners ?? (options.ownerUID, options.ownerGID)
            if what.contains(.user) { owners.user = wanted.st_uid }
            if what.contains(.group) { owners.group = wanted.st_gid }
            node.owners = owners
        }
        if what.contains(.modificationNow) {
            node.time = Clock.now
        } else if what.contains(.modification) {
            node.time = (Int64(wanted.st_mtim.tv_sec), Int64(wanted.st_mtim.tv_nsec))
        }
    }

    /// What `stat` shows of a node; in the isolation.
    func status(of node: KernfsNode) -> stat {
        var status = stat()
        status.st_ino = UInt(node.inode)
        status.st_nlink = 1
        status.st_blksize = blksize_t(KernfsOpenFile.page)
        let owners = node.owners ?? (options.ownerUID, options.ownerGID)
        status.st_uid = owners.user
        status.st_gid = owners.group
        let time = node.time ?? birth
        let stamp = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        status.st_atim = stamp
        status.st_mtim = stamp
        status.st_ctim = stamp
        status.st_mode = mode_t(node.mode)
        switch node.kind {
        case .directory:
            status.st_mode |= S_IFDIR
            status.st_nlink = 2 + nlink_t(node.directories)
        case .attribute(let ops):
            status.st_mode |= S_IFREG
            status.st_size = ops.isControl ? 0 : off_t(KernfsOpenFile.page)
        case .symlink(let target):
            status.st_mode |= S_IFLNK
            status.st_size = target.utf8.count
        case .hostDevice(let major, let minor):
            status.st_mode |= S_IFBLK
            status.st_rdev = zf_device(major, minor)
        case .device(let device):
            status.st_mode |= S_IFREG
            status.st_size = off_t(device.size)
            status.st_blocks = status.st_size >> 9
        }
        return status
    }

    /// Seconds for which the FUSE kernel may believe the attributes: with write-back it asks before each write else.
    func attributesHold(_ node: KernfsNode) -> Double {
        guard options.writebackCache, let device = node.device, device.size > 0 else { return 0 }
        return 3600
    }

    func fileSystemStatistics(_ request: consuming Request) {
        var statistics = statvfs()
        statistics.f_bsize = UInt(KernfsOpenFile.page)
        statistics.f_frsize = UInt(KernfsOpenFile.page)
        statistics.f_namemax = 255
        request.statistics(statistics)
    }
}
