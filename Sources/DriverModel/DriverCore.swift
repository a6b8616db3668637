import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// Where a kernel keeps a device: `/sys/devices/virtual/KIND`.
public enum DeviceKind: String, Sendable {
    case block, misc
}

/// What drivers register with: the tree, its places, and the modules. The kernel's `drivers/base`.
public final class DriverCore {
    /// The kernel.
    public let kernel: Kernel
    /// The tree.
    public let root: KernfsRoot
    /// The loaded modules.
    public let modules: ModuleTable
    /// Block and misc devices' directory; the mount shows them at the top.
    public let deviceDirectory: KernfsNode
    /// Classes' directory; the mount shows them at the top.
    public let classDirectory: KernfsNode
    /// `/dev`.
    public let devDirectory: KernfsNode
    /// What each device at the top is, by name; also of those that a module left behind.
    public internal(set) var devices: [String: DeviceKind] = [:]
    /// Dynamic minors of misc devices that are taken, counted from the first that is given out.
    var miscMinors: Set<Int> = []
    /// Serialises the coming and going of misc devices. The kernel's `misc_mtx`.
    public let miscMutex: Mutex
    /// The lock of the network's configuration, which drivers borrow. The kernel's `rtnl_mutex`.
    public let rtnlMutex: Mutex
    /// The kernel that is shown.
    public let abi: ABI
    /// Told when a disk came, went, or changed its size: what stands for it on the host has to follow.
    public var onResize: ((Gendisk) -> Void)?
    var disksMade: UInt64 = 0
    /// Which attribute files devices have; while exploring those that no script names are left out.
    public var shows: (String) -> Bool = { _ in true }
    /// CPU hotplug notifies and asks here how many CPUs are online.
    public var onlineCPUs: () -> Int = { 1 }

    /// The places of a fresh tree.
    public init(kernel: Kernel, root: KernfsRoot, modules: ModuleTable, abi: ABI) throws(Errno) {
        self.abi = abi
        self.kernel = kernel
        self.root = root
        self.modules = modules
        miscMutex = Mutex(kernel: kernel, name: "misc_mtx")
        rtnlMutex = Mutex(kernel: kernel, name: "rtnl_mutex")
        deviceDirectory = root.node
        classDirectory = root.node
        devDirectory = try root.makeDirectory("dev", in: root.node)
    }

    /// Adds a directory for an object, with the kernel's complaint if the name is taken.
    ///
    /// - Throws: `EEXIST`.
    ///
    /// The corresponding kernel function is `kobject_add`.
    public func addObject(
        _ name: String, in parent: KernfsNode, kernelPath: String
    ) throws(Errno) -> KernfsNode {
        do throws(Errno) {
            return try root.makeDirectory(name, in: parent)
        } catch {
            kernel.log.print(.warning, "sysfs: cannot create duplicate filename '\(kernelPath)/\(name)'")
            kernel.dumpStack(under: ["kobject_add_internal", "sysfs_create_dir_ns", "sysfs_warn_dup"])
            kernel.log.print(
                .error,
                "kobject_add_internal failed for \(name) with -EEXIST, don't try to register things with the same name "
                    + "in the same directory.")
            throw error
        }
    }
}
