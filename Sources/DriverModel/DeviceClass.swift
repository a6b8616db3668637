import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// A class with attributes of its own, such as `zram-control`. The kernel's `struct class`.
public final class DeviceClass<Owner> {
    private let core: DriverCore
    private let name: String
    private let attributes: [Attribute<Owner>]
    private var node: KernfsNode?

    /// Describes a class; `register` shows it.
    public init(_ name: String, core: DriverCore, attributes: [Attribute<Owner>]) {
        self.core = core
        self.name = name
        self.attributes = attributes
    }

    /// Shows the class and its attributes; they can be used from here on.
    ///
    /// - Throws: `EEXIST` if a class of that name is registered.
    ///
    /// The corresponding kernel function is `class_register`.
    public func register(for owner: Owner, module: Module) throws(Errno) {
        let node = try core.addObject(name, in: core.classDirectory, kernelPath: "/class")
        self.node = node
        try core.root.makeFiles(
            attributes, of: owner, in: node, module: module, names: ("class_attr_show", "class_attr_store"))
    }

    /// Removes the attributes, draining each, and then the class. The kernel's `class_unregister`.
    public func unregister(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        core.kernel.enter("class_unregister")
        defer { core.kernel.leave() }
        guard let node else { return }
        await core.root.removeFiles(attributes.map { $0.name }, from: node, file, line)
        await core.root.remove(node, file, line)
    }
}
