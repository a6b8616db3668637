import CFuse3
import CFuseShims
import Glibc
import KernelCore
import Kernfs
import SystemPackage

extension Bridge {
    /// fsync: attributes have nothing to make safe.
    func sync(_ request: consuming Request, _ handle: UInt64) {
        guard let device = OpenFile.handle(handle).takeUnretainedValue() as? OpenDevice else {
            return request.succeed()
        }
        do throws(Errno) {
            try device.check()
            zf_will_block(context)
            try device.handle.flush()
            try device.checkLateErrors()
            request.succeed()
        } catch {
            request.fail(error)
        }
    }

    /// fallocate, as a block device takes it. The kernel's `blkdev_fallocate`.
    func allocate(_ request: consuming Request, _ mode: Int32, _ offset: Int, _ length: Int, _ handle: UInt64) {
        guard let device = OpenFile.handle(handle).takeUnretainedValue() as? OpenDevice else {
            return request.fail(.notSupported)
        }
        do throws(Errno) {
            try device.check()
            zf_will_block(context)
            try discard(device.handle, FallocateMode(rawValue: mode), UInt64(offset), UInt64(length))
            request.succeed()
        } catch {
            request.fail(error)
        }
    }

    private func discard(
        _ handle: any DeviceHandle, _ mode: FallocateMode, _ offset: UInt64, _ length: UInt64
    ) throws(Errno) {
        guard mode.subtracting([.keepSize, .punchHole, .zeroRange]).isEmpty else { throw .notSupported }
        let size = handle.size
        guard offset < size else { throw .invalidArgument }
        var length = length
        if length > size - offset {
            guard mode.contains(.keepSize) else { throw .invalidArgument }
            length = size - offset
        }
        guard (offset | length) % UInt64(OpenDevice.sector) == 0 else { throw .invalidArgument }
        let isKnown = [[.zeroRange], [.zeroRange, .keepSize], [.punchHole, .keepSize]].contains(mode)
        guard isKnown else { throw .notSupported }
        try handle.discard(at: offset, length: length)
    }

    /// lseek for data and holes: a block device knows none, an attribute is data to its nominal end.
    func seek(_ request: consuming Request, _ offset: Int, _ whence: Int32, _ handle: UInt64) {
        guard OpenFile.handle(handle).takeUnretainedValue() is OpenAttribute else {
            return request.fail(.invalidArgument)
        }
        guard offset < KernfsOpenFile.page else { return request.fail(.noSuchAddressOrDevice) }
        request.found(whence == zf_seek_data() ? offset : KernfsOpenFile.page)
    }
}

/// The kernel's `FALLOC_FL_*`.
struct FallocateMode: OptionSet {
    let rawValue: Int32

    static let keepSize = Self(rawValue: 1)
    static let punchHole = Self(rawValue: 2)
    static let zeroRange = Self(rawValue: 16)
}
