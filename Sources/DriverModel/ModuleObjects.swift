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
        .readOnly("coresize") { "\($0.definition.info.size)\n" },
        .readOnly("initsize") { _ in "0\n" },
        .readOnly("initstate") { "\($0.state.name)\n" },
        .readOnly("taint") { _ in "\n" },
        .readOnly("refcnt") { "\($0.refcnt)\n" },
    ]

    /// Adds the directory of a module.
    public func add(_ module: Module) async {
        guard let node = try? root.makeDirectory(module.name, in: directory) else { return }
        if shows("holders") { _ = try? root.makeDirectory("holders", in: node) }
        addParameters(of: module, to: node)
        try? root.makeFiles(
            Self.attributes.filter { shows($0.name) }, of: module, in: node, module: nil,
            names: ("module_attr_show", "module_attr_store"))
    }

    /// The kernel's `module_param_sysfs_setup`: a file for each parameter that has a mode, and no directory without any.
    private func addParameters(of module: Module, to node: KernfsNode) {
        let shown = module.parameters.known.filter { $0.mode != 0 && shows($0.name) }
        guard !shown.isEmpty, let directory = try? root.makeDirectory("parameters", in: node)
        else { return }
        let attributes = shown.map { parameter in
            Attribute<ModuleParameters>(
                parameter.name, mode: parameter.mode, show: { $0.text(parameter) },
                store: { parameters, bytes throws(Errno) in
                    try parameters.set(parameter, bytes)
                    return bytes.count
                })
        }
        try? root.makeFiles(
            attributes, of: module.parameters, in: directory, module: nil,
            names: ("param_attr_show", "param_attr_store"))
    }

    /// Removes it, draining its files.
    public func remove(_ module: Module) async {
        guard let node = directory.child(module.name) else { return }
        await root.removeFiles(Self.attributes.map { $0.name }, from: node)
        await root.remove(node)
    }
}
