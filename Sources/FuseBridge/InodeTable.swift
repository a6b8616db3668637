import Kernfs

/// The node ids that the FUSE kernel knows.
struct InodeTable {
    /// libfuse's `FUSE_ROOT_ID`.
    static let root: UInt64 = 1

    private var table = SlotTable<Inode>()
    /// The one id of each directory, link and device.
    private var stable: [ObjectIdentifier: UInt64] = [:]
    /// Gives a device a new id whenever its generation has changed: for a kernel that believes no size but the first.
    private let renewsDevices: Bool

    init(root node: KernfsNode, renewsDevices: Bool) {
        self.renewsDevices = renewsDevices
        _ = table.insert(Inode(node))
    }

    subscript(id: UInt64) -> Inode? { table[id] }

    /// The id for one more lookup of the node.
    mutating func lookedUp(_ node: KernfsNode) -> UInt64 {
        let id = node.attribute != nil ? table.insert(Inode(node)) : stableID(node)
        table[id]!.lookups += 1
        return id
    }

    private mutating func stableID(_ node: KernfsNode) -> UInt64 {
        let key = ObjectIdentifier(node)
        if let id = stable[key], let inode = table[id] {
            if !renewsDevices || inode.generation == node.device?.generation ?? 0 { return id }
        }
        let id = table.insert(Inode(node))
        stable[key] = id
        return id
    }

    /// The kernel forgets some lookups; with the last one the id ends.
    mutating func forget(_ id: UInt64, _ count: UInt64) {
        guard id != Self.root, let inode = table[id] else { return }
        inode.lookups -= min(count, inode.lookups)
        guard inode.lookups == 0 else { return }
        table.remove(id)
        if let node = inode.node, stable[ObjectIdentifier(node)] == id { stable[ObjectIdentifier(node)] = nil }
    }

    /// A new tree stands under the mount: ids of the old one lead nowhere until the kernel has forgotten them.
    mutating func reboot(to root: KernfsNode) {
        for inode in table.elements { inode.node = nil }
        table[Self.root]?.node = root
        stable = [:]
    }
}
