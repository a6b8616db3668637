import Kernfs
import SystemPackage

/// A disk as the file that a loop device stands on: opening it does not count as opening the disk.
public final class LoopFile: DeviceFile {
    private let data: DiskData

    /// What it stands on alone: a descriptor that was kept outlives the disk.
    init(_ disk: Gendisk) { data = disk.data }

    /// Bytes.
    public var size: UInt64 { data.size }
    /// A loop device has a cache of its own, and a reset must leave none.
    public var bypassesCache: Bool { true }

    /// Opens it; asks nobody.
    public func open(forWriting: Bool) async throws(Errno) -> any DeviceHandle { DiskHandle(data) }
}
