import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// Shows modules in `/module`. The kernel's `kernel/module/sysfs.c`.
public final class ModuleObjects: ModuleSysfs {
    private let root: KernfsRoot
    private let directory: KernfsNode
    /// Which attribute files modules have, as `DriverCore.shows`.
    public var shows: (String) -> Bool = { _ in true }

    /// Makes `/module`.
    public init(root: KernfsRoot) throws(Errno) {
        self.root = root
        directory = try root.makeDirectory("module", in: root.node)
    }

    private static let attributes: [Attribute<Module>] = [
        Attribute("uevent", mode: 0o200, store: { _, bytes in bytes.count }),
        .readOnly("coresize") { "\($0.definition.size)\n" },
        .readOnly("initsize") { _ in "0\n" },
        .readOnly("initstate") { "\($0.state.name)\n" },
        .readOnly("taint") { _ in "\n" },
        .readOnly("refcnt") { "\($0.refcnt)\n" },
    ]

    /// Adds the directory of a module.
    public func add(_ module: Module) async {
        guard let node = try? root.makeDirectory(module.name, in: directory) else { return }
        for name in ["holders", "parameters"] where shows(name) { _ = try? root.makeDirectory(name, in: node) }
        try? root.makeFiles(
            Self.attributes.filter { shows($0.name) }, of: module, in: node, module: nil,
            names: ("module_attr_show", "module_attr_store"))
    }

    /// Removes it, draining its files.
    public func remove(_ module: Module) async {
        guard let node = directory.child(module.name) else { return }
        await root.removeFiles(Self.attributes.map { $0.name }, from: node)
        await root.remove(node)
    }
}
