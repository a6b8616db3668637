import SystemPackage

/// The methods of an attribute. The kernel's `struct kernfs_ops`, with sysfs's show and store.
public protocol KernfsOps: AnyObject {
    /// True if reading makes sense; without it a read is `EIO`.
    var canShow: Bool { get }
    /// True if writing makes sense; without it a write is `EIO`.
    var canStore: Bool { get }
    /// The file belongs to the laboratory, not to the simulated kernel: no active reference, no gates, no page limit.
    var isControl: Bool { get }
    /// The methods are in the text of a module that is gone: whoever calls them runs into a page fault.
    var isTextGone: Bool { get }
    /// A file of debugfs: `EIO` once it is removed, not `ENODEV`, and closing it calls into the driver.
    var isDebugfs: Bool { get }
    /// Closes it, where that calls into the driver.
    func release() async
    /// The text of the attribute.
    func show() async throws(Errno) -> String
    /// Takes a write of at most a page; returns how many bytes it took.
    func store(_ bytes: [UInt8]) async throws(Errno) -> Int
}

extension KernfsOps {
    /// An attribute of the simulated kernel.
    public var isControl: Bool { false }
    /// A file of sysfs.
    public var isDebugfs: Bool { false }
    /// Nobody is told.
    public func release() async {}
    /// The kernel's own text stays.
    public var isTextGone: Bool { false }
}

/// A device file, e.g. `/dev/zram0`: opening it is simulated, moving its data is not.
public protocol DeviceFile: AnyObject {
    /// Bytes; may change while it is open.
    var size: UInt64 { get }
    /// Changes whenever what was read or cached of the device no longer holds: disksize was set, the device was reset.
    var generation: UInt64 { get }
    /// True if no cache of the host may hold its pages.
    var bypassesCache: Bool { get }
    /// Opens it, in a task of the simulated kernel. The kernel's `blkdev_open`.
    func open(forWriting: Bool) async throws(Errno) -> any DeviceHandle
}

extension DeviceFile {
    /// For devices whose content changes behind nobody's back: the size says it all.
    public var generation: UInt64 { size }
    /// Most may be cached.
    public var bypassesCache: Bool { false }
}

/// An open device file. All but `release` may be called from any thread, in parallel.
public protocol DeviceHandle: AnyObject, Sendable {
    /// Bytes that can be read or written now.
    var size: UInt64 { get }
    /// Reads at an offset; returns fewer bytes at the end.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int
    /// Writes at an offset; fewer bytes across the end, `ENOSPC` at it.
    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Errno) -> Int
    /// Drops whole pages of the range, zeroes the rest.
    func discard(at offset: UInt64, length: UInt64) throws(Errno)
    /// Makes what was written safe.
    func flush() throws(Errno)
    /// Whether reading and writing may take long, because they wait for another device.
    var mayWait: Bool { get }
    /// Closes it, in a task of the simulated kernel.
    func release() async
}

extension DeviceHandle {
    /// Most answer at once.
    public var mayWait: Bool { false }
}
