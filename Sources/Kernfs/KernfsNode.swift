import KernelCore
import KernelModule
import SystemPackage

/// A file, directory or link of the tree. The kernel's `struct kernfs_node`.
public final class KernfsNode: KernelObject {
    /// What the node is.
    public enum Kind {
        case directory
        /// A file whose reads and writes run the owner's show and store.
        case attribute(any KernfsOps)
        /// A link; the target is relative to the node's directory.
        case symlink(String)
        /// A device file: its data path leaves the simulated kernel.
        case device(any DeviceFile)
        /// A node for a block device of the host: who opens it does not come here.
        case hostDevice(major: UInt32, minor: UInt32)
    }

    /// Whether it is a directory.
    public var isDirectory: Bool { if case .directory = kind { true } else { false } }

    /// Added to `active` while the node is deactivated, so that any count with it is negative.
    static let deactivatedBias = Int.min / 2

    /// What the node is.
    public let kind: Kind
    /// Permission bits.
    public var mode: UInt16
    /// Owner and group; nil, until `chown` sets them, means whoever owns the mount.
    public var owners: (user: UInt32, group: UInt32)?
    /// Seconds and nanoseconds of the last change; nil, until `utimes` sets it, means the time of the mount.
    public var time: (seconds: Int64, nanoseconds: Int64)?
    /// The inode number; stays the same for the node's life and is never used again.
    public let inode: UInt64
    /// The directory that it is in; nil for the root and once it was unlinked. Not counted: a directory that goes
    /// takes itself out of its children.
    public internal(set) unowned(unsafe) var parent: KernfsNode?
    /// Children by name, in the order in which they were added.
    public internal(set) var children: [KernfsNode] = []
    /// The module whose text show and store are; each active reference pins it under `kernfs-pins-module`.
    public let owner: Module?
    /// Operations in flight, plus the bias once it is deactivated.
    public internal(set) var active = 0
    /// The tasks that hold active references.
    var activeHolders = Holders()
    /// Asked before the directory is looked into: its children follow something else (`KernfsRoot.setChild`). The name
    /// that is looked up, or nil for a listing.
    public var refresh: ((String?) -> Void)?
    /// A directory of the mount's own in whose place another is shown, with its own children beside that one's.
    public weak var standsFor: KernfsNode?
    /// Counts notifications; a poller compares it with what it saw last.
    public internal(set) var event: UInt64 = 1
    /// Self-removal: someone claimed it, and it is done.
    var selfRemoval = (claimed: false, done: false)

    /// The allocation that its methods work on, by number: who has found the node may come to use it.
    public var memory: UInt32?

    let root: KernfsRoot
    private var byName: [String: KernfsNode] = [:]

    init(
        root: KernfsRoot, name: String, kind: Kind, mode: UInt16, owner: Module?, lockKey: String?
    ) {
        self.root = root
        self.kind = kind
        self.mode = mode
        self.owner = owner
        inode = root.nextInode
        root.nextInode += 1
        let lockClass = lockKey.map {
            root.kernel.lockdep.lockClass("kn->active", kind: .active, key: $0, module: owner?.name)
        }
        super.init(kernel: root.kernel, name: name, lockClass: lockClass)
        if owner != nil {
            kernel.points.declare(name, [.getActive, .putActive, .deactivate, .drain, .unlink])
        }
    }

    public override var title: String { "active reference of \(path)" }

    public override func count(after operation: Operation) -> Int? {
        let count = active >= 0 ? active : active - Self.deactivatedBias
        return switch operation {
        case .getActive: isActive ? count + 1 : count
        case .putActive: count - 1
        case .drain, .deactivate: count
        default: nil
        }
    }

    #if ZRAMFS_MUTATIONS
        public override var mutationName: String { "node" }
    #endif

    /// True until removal begins.
    public var isActive: Bool { active >= 0 }

    /// The path from the root, e.g. `/zram0/reset`.
    public var path: String {
        guard let parent else { return self === root.node ? "/" : name }
        return (parent === root.node ? "" : parent.path) + "/" + name
    }

    /// The child of that name, active or not.
    public func child(_ name: String) -> KernfsNode? { byName[name] }

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        operation != .drain || active == Self.deactivatedBias
    }

    public override func holders(against operation: Operation) -> [KernelTask] {
        operation == .drain ? activeHolders.list : []
    }

    func link(_ child: KernfsNode) {
        child.parent = self
        children.append(child)
        byName[child.name] = child
        changed(2, from: UInt64(children.count - 1), to: UInt64(children.count))
        changed(mix(3, child.name.fingerprint), from: 0, to: child.fingerprint)
    }

    deinit { for child in children { child.parent = nil } }

    /// Lets go of everything that could know the node.
    func forget() {
        for child in children { child.parent = nil }
        children = []
        byName = [:]
        activeHolders.removeAll()
        refresh = nil
    }

    func unlink(_ child: KernfsNode) {
        child.parent = nil
        children.removeAll { $0 === child }
        if byName[child.name] === child {
            byName[child.name] = nil
            changed(mix(3, child.name.fingerprint), from: child.fingerprint, to: 0)
        }
        changed(2, from: UInt64(children.count + 1), to: UInt64(children.count))
    }
}
