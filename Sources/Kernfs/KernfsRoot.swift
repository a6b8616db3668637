import KernelCore
import KernelModule
import SystemPackage

/// One tree of nodes. The kernel's `struct kernfs_root`.
///
/// What the kernel does under `kernfs_rwsem` is atomic here, one step: the lock is never held across a wait (a drain
/// drops it), so no interleaving is lost.
public final class KernfsRoot {
    /// The kernel that serves the tree.
    public let kernel: Kernel
    /// The root directory.
    ///
    /// An empty one once the kernel has halted: the tree and its nodes know each other, and must not keep each other alive.
    public var node: KernfsNode {
        top ?? KernfsNode(root: self, name: "", kind: .directory, mode: 0o755, owner: nil, lockKey: nil)
    }
    private var top: KernfsNode?

    /// What the files lead to is in use: who finds one, comes to its device.
    private final class Tree: KernelObject {
        unowned(unsafe) var top: KernfsNode?

        override func forEachReference(_ body: (UInt32) -> Void) {
            var nodes = top.map { [$0] } ?? []
            while let node = nodes.popLast() {
                if let memory = node.memory { body(memory) }
                nodes += node.children
            }
        }
    }

    private let tree: Tree
    /// Patch `kernfs-pins-module` (v8 9/12): an active reference pins the attribute's module.
    public var pinsModule = false
    /// Patch `no-unbreak-pairing`: break puts the module reference and unbreak does not take it again, as posted.
    public var skipsUnbreakPairing = false
    /// Fault injection of v8 4/12.
    public let faults: KernfsFaults
    /// Told when a node was notified or removed, for pollers.
    public var onNotify: ((KernfsNode) -> Void)?
    let openFileClass: LockClass
    var nextInode: UInt64

    /// An empty tree. Inode numbers begin above `firstInode`, so that a reboot under a mount reuses none.
    public init(kernel: Kernel, firstInode: UInt64 = 1) {
        self.kernel = kernel
        nextInode = firstInode
        faults = KernfsFaults(kernel: kernel)
        openFileClass = kernel.lockdep.lockClass("&of->mutex", kind: .mutex)
        kernel.points.declare("of_mutex", [.lock, .unlock])
        tree = Tree(kernel: kernel, name: "kernfs", in: kernel.globals)
        top = KernfsNode(root: self, name: "", kind: .directory, mode: 0o755, owner: nil, lockKey: nil)
        tree.top = top
        kernel.atHalt { [self] in forget() }
    }

    /// The inode number that the next node gets.
    public var inodesUsed: UInt64 { nextInode }

    /// Adds a directory. The kernel's `kernfs_create_dir_ns`.
    ///
    /// - Throws: `EEXIST` if the name is taken.
    public func makeDirectory(_ name: String, in parent: KernfsNode, mode: UInt16 = 0o755) throws(Errno) -> KernfsNode {
        try add(name, .directory, mode, parent, owner: nil, lockKey: nil)
    }

    /// Adds an attribute file. The kernel's `__kernfs_create_file`.
    ///
    /// - Parameters:
    ///   - owner: the module whose text the methods are.
    ///   - lockKey: names the lockdep class; attributes of one definition share it. nil: not watched.
    /// - Throws: `EEXIST` if the name is taken.
    @discardableResult
    public func makeFile(
        _ name: String, in parent: KernfsNode, mode: UInt16, ops: any KernfsOps, owner: Module? = nil,
        lockKey: String? = nil
    ) throws(Errno) -> KernfsNode {
        try add(name, .attribute(ops), mode, parent, owner: owner, lockKey: lockKey)
    }

    /// Adds a link. The kernel's `kernfs_create_link`.
    @discardableResult
    public func makeLink(_ name: String, in parent: KernfsNode, to target: String) throws(Errno) -> KernfsNode {
        try add(name, .symlink(target), 0o777, parent, owner: nil, lockKey: nil)
    }

    /// Has a directory of the mount's own show exactly this child of that name, or none: a link or a host's device.
    ///
    /// No step and no drain: nobody can hold an active reference to such a child.
    public func setChild(_ name: String, in parent: KernfsNode, to kind: KernfsNode.Kind?, mode: UInt16 = 0o777) {
        if let old = parent.child(name) {
            if let kind, old.kind.isSame(as: kind) { return }
            switch old.kind {
            case .symlink, .hostDevice, .device: parent.unlink(old)
            default: return
            }
        }
        guard let kind else { return }
        _ = try? add(name, kind, mode, parent, owner: nil, lockKey: nil)
    }

    /// Has a directory of the mount's own show another one, or an empty directory, under this name.
    ///
    /// - Returns: what stands there, to be given children of its own.
    @discardableResult
    public func setPlace(_ name: String, in parent: KernfsNode, for other: KernfsNode?) -> KernfsNode? {
        if let old = parent.child(name) {
            if old.isDirectory, old.standsFor === other { return old }
            parent.unlink(old)
        }
        let place = try? add(name, .directory, 0o755, parent, owner: nil, lockKey: nil)
        place?.standsFor = other
        return place
    }

    /// Takes such a directory away, or what `setChild` made.
    public func removeChild(_ name: String, from parent: KernfsNode) {
        if let old = parent.child(name) { parent.unlink(old) }
    }

    /// Adds a device file.
    @discardableResult
    public func makeDevice(
        _ name: String, in parent: KernfsNode, mode: UInt16, file: any DeviceFile
    ) throws(Errno) -> KernfsNode {
        try add(name, .device(file), mode, parent, owner: nil, lockKey: nil)
    }

    private func add(
        _ name: String, _ kind: KernfsNode.Kind, _ mode: UInt16, _ parent: KernfsNode, owner: Module?, lockKey: String?
    ) throws(Errno) -> KernfsNode {
        parent.observe(mix(parent.isActive.fingerprint, parent.child(name).fingerprint))
        guard parent.isActive else { throw .noSuchFileOrDirectory }
        guard parent.child(name) == nil else { throw .fileExists }
        let node = KernfsNode(root: self, name: name, kind: kind, mode: mode, owner: owner, lockKey: lockKey)
        parent.link(node)
        return node
    }

    /// The first file, as a path, whose methods are in the text of a module that is gone.
    public var fileWithoutText: String? {
        var nodes = [node]
        while let next = nodes.popLast() {
            if case .attribute(let ops) = next.kind, ops.isTextGone { return next.path }
            nodes += next.children.reversed()
        }
        return nil
    }

    /// The active child of that name: what a path lookup finds.
    public func lookup(_ name: String, in parent: KernfsNode) -> KernfsNode? {
        guard parent.isActive, let child = parent.child(name), child.isActive else { return nil }
        return child
    }

    /// The active node of a path such as `/zram0/reset`.
    public func find(_ path: String) -> KernfsNode? {
        var here: KernfsNode? = node
        for name in path.split(separator: "/") {
            guard let parent = here else { return nil }
            here = lookup(String(name), in: parent)
        }
        return here
    }

    /// Looks up a path while exploring: a step of its own, for much can happen between it and the open.
    ///
    /// - Returns: the node, and whether its directory is there at least (then creating a file is refused, `EACCES`).
    public func walk(_ path: String) async -> (node: KernfsNode?, hasDirectory: Bool) {
        await kernel.step(.lookup, on: node)
        var here: KernfsNode? = node
        var parent: KernfsNode?
        // By bytes: characters cost a quarter of the step.
        for name in path.utf8.split(separator: UInt8(ascii: "/")) {
            parent = here
            guard let directory = here else { break }
            directory.noteRead()
            let child = directory.child(String(Substring(name)))
            child?.noteRead()
            here = directory.isActive && child?.isActive == true ? child : nil
        }
        kernel.current.observe(mix(here.map { UInt64($0.id) } ?? 0, (parent != nil).fingerprint))
        if let memory = here?.memory { kernel.open(memory) }
        return (here, parent != nil)
    }

    private func forget() {
        onNotify = nil
        var nodes = [node]
        top = nil
        tree.top = nil
        while let next = nodes.popLast() {
            nodes += next.children
            next.forget()
        }
    }
}

extension KernfsNode.Kind {
    /// True for equal links and equal devices of the host.
    func isSame(as other: Self) -> Bool {
        switch (self, other) {
        case (.symlink(let one), .symlink(let two)): one == two
        case (.hostDevice(let major, let minor), .hostDevice(let otherMajor, let otherMinor)):
            major == otherMajor && minor == otherMinor
        case (.device(let one), .device(let two)): one === two
        default: false
        }
    }
}
