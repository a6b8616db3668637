import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// A device of the class `misc`: a directory with its driver's attributes. The kernel's `struct miscdevice`.
///
/// Its character device in `/dev` is not shown.
public final class MiscDevice {
    /// The name, e.g. `test_sysfs0`.
    public let name: String
    private let core: DriverCore
    private var node: KernfsNode? {
        didSet { core.miscMutex.changed(name.fingerprint, from: oldValue.fingerprint, to: node.fingerprint) }
    }
    private var place = 0
    private var shown: [String] = []

    /// Describes a device; `register` shows it.
    public init(_ name: String, core: DriverCore) {
        self.name = name
        self.core = core
    }

    /// Shows the device and its attributes; they can be used from here on.
    ///
    /// - Throws: `EEXIST` if a device of that name is there.
    ///
    /// The corresponding kernel function is `misc_register`.
    public func register<Owner>(_ attributes: [Attribute<Owner>], of owner: Owner, module: Module) async throws(Errno) {
        core.kernel.enter("misc_register")
        defer { core.kernel.leave() }
        try await core.miscMutex.withLock { () async throws(Errno) in
            let node = try core.addObject(name, in: core.deviceDirectory, kernelPath: "/devices/virtual/misc")
            self.node = node
            core.devices[name] = .misc
            place = (0...).first { !core.miscMinors.contains($0) }!
            core.miscMinors.insert(place)
            let own = attributes.filter { core.shows($0.name) }
            let common = Self.attributes.filter { core.shows($0.name) }
            shown = own.map(\.name)
            try core.root.makeFiles(common, of: self, in: node, module: nil)
            try core.root.makeFiles(own, of: owner, in: node, module: module)
            core.kernel.spend("devtmpfs_create_node")
        }
    }

    /// Removes the device: its attributes one at a time, each drained, all under `misc_mtx`.
    ///
    /// The corresponding kernel function is `misc_deregister`.
    public func deregister(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        let kernel = core.kernel
        kernel.enter("misc_deregister")
        defer { kernel.leave() }
        await core.miscMutex.withLock {
            core.miscMutex.observe((node != nil).fingerprint)
            guard let node else { return }
            for name in ["device_destroy", "device_unregister", "device_del"] as [StaticString] { kernel.enter(name) }
            kernel.spend("devtmpfs_delete_node")
            for attribute in Self.attributes.reversed() {
                await core.root.remove(attribute.name, from: node, file, line)
            }
            kernel.enter("device_remove_attrs")
            if !mutated("misc_deregister leaves the files") {
                await core.root.removeFiles(shown, from: node, file, line)
            }
            kernel.leave()
            await core.root.remove(node, file, line)
            for _ in 0..<3 { kernel.leave() }
            core.devices[name] = nil
            core.miscMinors.remove(place)
            self.node = nil
        }
    }

    /// A dynamic one: 5.15 gives them out from 127 downwards, 6.18 from 256 upwards.
    private var minor: Int { core.abi == .v5_15 ? 127 - place : 256 + place }

    private static let attributes: [Attribute<MiscDevice>] = [
        Attribute(
            "uevent", mode: 0o644, show: { "MAJOR=10\nMINOR=\($0.minor)\nDEVNAME=\($0.name)\n" },
            store: { _, bytes throws(Errno) in
                guard UEvent.isValid(bytes) else { throw .invalidArgument }
                return bytes.count
            }),
        .readOnly("dev") { "10:\($0.minor)\n" },
    ]
}
