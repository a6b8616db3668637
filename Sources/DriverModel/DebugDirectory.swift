import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// A driver's directory in `debug`. The kernel's `debugfs_create_dir`.
///
/// Who removes a file waits for who is in it, as debugfs does; but an open file pins no module here.
public final class DebugDirectory {
    private let core: DriverCore
    private let node: KernfsNode

    /// Makes `debug/NAME` with its files; nil if there is no debugfs (while exploring, if no script uses it), or the
    /// name is taken.
    public init?<Owner>(_ name: String, _ files: [Attribute<Owner>], of owner: Owner, module: Module, core: DriverCore)
    {
        let shown = files.filter { core.shows($0.name) }
        guard !shown.isEmpty, let debug = core.root.node.child("debug"),
            let node = try? core.root.makeDirectory(name, in: debug, mode: 0o700)
        else { return nil }
        self.core = core
        self.node = node
        try? core.root.makeFiles(
            shown, of: owner, in: node, module: module, names: ("full_proxy_read", "full_proxy_write"), pins: false)
    }

    /// Removes it with all that is in it. The kernel's `debugfs_remove`.
    public func remove(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        core.kernel.enter("debugfs_remove")
        defer { core.kernel.leave() }
        await core.root.remove(node, file, line)
    }
}
