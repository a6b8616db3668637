import Kernfs

/// The node ids that the FUSE kernel knows.
struct InodeTable {
    /// libfuse's `FUSE_ROOT_ID`.
    static let root: UInt64 = 1

    private var table = SlotTable<Inode>()
    /// What the FUSE kernel is shown as one file: a node, at its own place or at the host's.
    private struct Key: Hashable {
        let node: ObjectIdentifier
        let isInView: Bool

        init(_ node: KernfsNode, _ isInView: Bool) {
            self.node = ObjectIdentifier(node)
            self.isInView = isInView
        }
    }

    /// The one id of each node, but for attributes that are being written.
    private var stable: [Key: UInt64] = [:]
    /// Gives a device a new id whenever its generation has changed: for a kernel that believes no size but the first.
    private let renewsDevices: Bool

    init(root node: KernfsNode, renewsDevices: Bool) {
        self.renewsDevices = renewsDevices
        _ = table.insert(Inode(node))
    }

    subscript(id: UInt64) -> Inode? { table[id] }

    /// The id for one more lookup of the node.
    ///
    /// - Parameters:
    ///   - place: what stands for it, if it was found so.
    ///   - isInView: it was found there, or below.
    mutating func lookedUp(
        _ node: KernfsNode, place: KernfsNode? = nil, isInView: Bool = false, by pid: Int32 = 0
    ) -> UInt64 {
        let id = stableID(node, place, isInView || place != nil, pid)
        table[id]!.lookups += 1
        return id
    }

    private mutating func stableID(_ node: KernfsNode, _ place: KernfsNode?, _ isInView: Bool, _ pid: Int32) -> UInt64 {
        let key = Key(node, isInView)
        if let id = stable[key], let inode = table[id] {
            if node.attribute != nil {
                if inode.sentAway == pid { inode.sentAway = 0 }
                // Its own, until the other is closed; nobody need find it again.
                return inode.writers == 0 ? id : table.insert(Inode(node, isInView: isInView))
            }
            if !renewsDevices || inode.generation == node.device?.generation ?? 0 { return id }
        }
        let id = table.insert(Inode(node, place: place, isInView: isInView))
        stable[key] = id
        return id
    }

    /// The kernel forgets some lookups; with the last one the id ends.
    mutating func forget(_ id: UInt64, _ count: UInt64) {
        guard id != Self.root, let inode = table[id] else { return }
        inode.lookups -= min(count, inode.lookups)
        guard inode.lookups == 0 else { return }
        table.remove(id)
        guard let node = inode.node else { return }
        let key = Key(node, inode.isInView)
        if stable[key] == id { stable[key] = nil }
    }

    /// A new tree stands under the mount: ids of the old one lead nowhere until the kernel has forgotten them.
    mutating func reboot(to root: KernfsNode) {
        for inode in table.elements { inode.node = nil }
        table[Self.root]?.node = root
        stable = [:]
    }
}
