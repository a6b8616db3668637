import KernelCore
import SystemPackage

extension KernfsRoot {
    /// Removes a node and all below it: deactivates the whole subtree, then drains and unlinks leaf by leaf.
    ///
    /// Waits uninterruptibly for the operations in flight. Several removers may drain one node; all return.
    /// The corresponding kernel function is `__kernfs_remove`.
    public func remove(_ top: KernfsNode, _ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        kernel.enter("__kernfs_remove")
        defer { kernel.leave() }
        await kernel.step(.deactivate, on: top, file, line)
        if kernel.isHalting { return }
        for node in mutated("only the top is deactivated") ? [top] : postOrder(top)
        where !node.omits(.deactivate, file, line) {
            node.noteCondition()
            if node.isActive { node.count(KernfsNode.deactivatedBias) }
        }
        await kernel.stepDone(.deactivate, on: top)
        for node in mutated("only the top is deactivated") ? [top] : postOrder(top) {
            node.noteCondition()
            if mutated("files are unlinked before they are drained") { node.parent?.unlink(node) }
            await drain(node, file, line)
            if kernel.isHalting { return }
            node.noteRead()
            await kernel.gate(.unlink, on: node)
            if kernel.isHalting { return }
            node.parent?.unlink(node)
            await kernel.stepDone(.unlink, on: node)
            onNotify?(node)
        }
    }

    /// Removes a child by name. The kernel's `kernfs_remove_by_name_ns`.
    ///
    /// - Returns: false if there is none, the kernel's `-ENOENT`.
    @discardableResult
    public func remove(
        _ name: String, from parent: KernfsNode, _ file: StaticString = #fileID, _ line: UInt32 = #line
    ) async -> Bool {
        kernel.enter("kernfs_remove_by_name_ns")
        defer { kernel.leave() }
        parent.noteRead()
        guard let node = parent.child(name) else { return false }
        await remove(node, file, line)
        return true
    }

    /// Removes the node whose method the current task runs; several may try, one wins.
    ///
    /// - Returns: true for the winner; the others return false once the winner's whole operation is over.
    ///
    /// The corresponding kernel function is `kernfs_remove_self`.
    public func removeSelf(_ node: KernfsNode) async -> Bool {
        kernel.enter("kernfs_remove_self")
        defer { kernel.leave() }
        await node.breakActiveProtection()
        let won = !node.selfRemoval.claimed
        node.noteRead()
        kernel.current.observe(won.fingerprint)
        if won {
            node.selfRemoval.claimed = true
            node.changed(4, from: 0, to: 1)
            await remove(node)
            node.selfRemoval.done = true
            node.changed(5, from: 0, to: 1)
            node.wakeWaiters()
        } else {
            await kernel.step(.drain, on: node)
            node.noteRead()
        }
        await node.unbreakActiveProtection()
        return won
    }

    /// Waits until nobody runs the node's methods. The kernel's `kernfs_drain`.
    private func drain(_ node: KernfsNode, _ file: StaticString, _ line: UInt32) async {
        kernel.enter("kernfs_drain")
        defer { kernel.leave() }
        if let lockClass = node.lockClass {
            kernel.acquiring(lockClass, node, .exclusive, by: kernel.current, file, line)
        }
        if node.omits(.drain, file, line) { return }
        await kernel.step(.drain, on: node, file, line)
        await kernel.stepDone(.drain, on: node)
    }

    private func postOrder(_ top: KernfsNode) -> [KernfsNode] {
        top.children.flatMap(postOrder) + [top]
    }
}
