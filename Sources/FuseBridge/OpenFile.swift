import KernelCore
import Kernfs
import SystemPackage
import Synchronization

/// An open file; the FUSE kernel hands it back as the file handle.
class OpenFile {
    /// Its number among the open files, for the end of the mount.
    var number: UInt64 = 0
    /// An `OpenAttribute`; else an `OpenDevice`.
    final let isAttribute: Bool

    fileprivate init(isAttribute: Bool) { self.isAttribute = isAttribute }

    /// The reference that the FUSE kernel holds until it releases the file.
    final func retained() -> UInt64 { UInt64(UInt(bitPattern: Unmanaged.passRetained(self).toOpaque())) }

    /// Says which file it is, however many inodes stand for it.
    final var lockKey: ObjectIdentifier {
        if isAttribute {
            ObjectIdentifier(unsafeDowncast(self, to: OpenAttribute.self).file.node)
        } else {
            ObjectIdentifier(unsafeDowncast(self, to: OpenDevice.self).lateErrors)
        }
    }

    @inline(__always)
    static func handle(_ value: UInt64) -> Unmanaged<OpenFile> {
        Unmanaged.fromOpaque(UnsafeRawPointer(bitPattern: UInt(value))!)
    }
}

/// An open attribute file.
final class OpenAttribute: OpenFile {
    let file: KernfsOpenFile
    /// Whom to tell about news; libfuse's `fuse_pollhandle`, owned.
    var poller: OpaquePointer?

    /// The id that it was opened by, if it writes.
    let inode: Inode?

    init(_ file: KernfsOpenFile, writesBy inode: Inode?) {
        self.file = file
        self.inode = inode
        super.init(isAttribute: true)
    }
}

/// An open device file. Its data moves on the threads of the workers.
final class OpenDevice: OpenFile {
    let handle: any DeviceHandle
    /// The task that opened it, by number.
    let openedBy: UInt32
    /// The device's errors of writes that had been answered already; reported by fsync.
    let lateErrors: LateErrors
    /// The descriptor bypasses the page cache of the caller's kernel, so that its errors are told at once.
    let isDirect: Bool
    /// The inode that it is open by: its pages are in the page cache of the caller's kernel.
    let inode: Inode
    private let seen: Atomic<UInt>
    private let gone = Atomic(false)
    private let lastEnd = Atomic<UInt>(.max)

    init(_ handle: any DeviceHandle, _ inode: Inode, _ lateErrors: LateErrors, isDirect: Bool, openedBy: UInt32) {
        self.openedBy = openedBy
        self.inode = inode
        self.handle = handle
        self.lateErrors = lateErrors
        self.isDirect = isDirect
        seen = Atomic(lateErrors.count.load(ordering: .relaxed))
        super.init(isAttribute: false)
    }

    /// It was released, or the instance was rebooted under it.
    var isGone: Bool { gone.load(ordering: .relaxed) }

    /// The instance was rebooted under it, or nobody uses it any more.
    func invalidate() { gone.store(true, ordering: .relaxed) }

    /// - Throws: `ENODEV` after a reboot.
    func check() throws(Errno) {
        if gone.load(ordering: .relaxed) { throw .noSuchDevice }
    }

    /// What requests are counted in: a loop device on the disk, and the file system on that, know no larger unit.
    static let sector = 512

    /// Direct I/O moves whole sectors.
    ///
    /// FUSE cuts a large request from a buffer that is not aligned into odd pieces: those are let through, which are
    /// either large, or go on where the last one ended.
    /// - Throws: `EINVAL` for a request that no block device would take.
    func checkAlignment(_ offset: Int, _ size: Int) throws(Errno) {
        guard isDirect else { return }
        let end = UInt(bitPattern: offset + size)
        let last = lastEnd.exchange(end, ordering: .relaxed)
        if (offset | size) % Self.sector == 0 || size >= 64 << 10 || last == UInt(bitPattern: offset) { return }
        throw .invalidArgument
    }

    /// - Throws: `EIO` once for each descriptor if a buffered write has failed since it looked last.
    func checkLateErrors() throws(Errno) {
        let now = lateErrors.count.load(ordering: .relaxed)
        if seen.exchange(now, ordering: .relaxed) != now { throw .ioError }
    }
}

/// Counts the failed buffered writes of a device, as the kernel's `errseq_t` of a mapping does.
final class LateErrors: Sendable {
    let count = Atomic<UInt>(0)
}
