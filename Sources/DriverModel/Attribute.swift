import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// One attribute of a kind of device or class. The kernel's `DEVICE_ATTR_RW` and relatives.
public struct Attribute<Owner>: Sendable {
    /// Reads the attribute of a device.
    public typealias Show = @Sendable (Owner) async throws(Errno) -> String
    /// Writes it; returns how many bytes it took.
    public typealias Store = @Sendable (Owner, [UInt8]) async throws(Errno) -> Int

    /// The file's name.
    public let name: String
    /// The file's permission bits.
    public let mode: UInt16
    let show: Show?
    let store: Store?

    /// An attribute with any mode; a direction that the mode allows and that has no method is `EIO`.
    public init(_ name: String, mode: UInt16, show: Show? = nil, store: Store? = nil) {
        self.name = name
        self.mode = mode
        self.show = show
        self.store = store
    }

    /// Mode 0444. The kernel's `DEVICE_ATTR_RO`.
    public static func readOnly(_ name: String, _ show: @escaping Show) -> Self {
        Self(name, mode: 0o444, show: show)
    }

    /// Mode 0644. The kernel's `DEVICE_ATTR_RW`.
    public static func readWrite(_ name: String, _ show: @escaping Show, _ store: @escaping Store) -> Self {
        Self(name, mode: 0o644, show: show, store: store)
    }

    /// Mode 0200. The kernel's `DEVICE_ATTR_WO`.
    public static func writeOnly(_ name: String, _ store: @escaping Store) -> Self {
        Self(name, mode: 0o200, store: store)
    }
}

/// Calls the methods of an attribute as `dev_attr_show` and `dev_attr_store` do, in the text of their module.
final class AttributeOps<Owner>: KernfsOps {
    private let attribute: Attribute<Owner>
    private let owner: Owner
    private let module: Module?
    private let kernel: Kernel
    private let names: (show: StaticString, store: StaticString)
    let isDebugfs: Bool

    init(
        _ attribute: Attribute<Owner>, _ owner: Owner, module: Module?, kernel: Kernel,
        names: (show: StaticString, store: StaticString), isDebugfs: Bool
    ) {
        self.isDebugfs = isDebugfs
        self.attribute = attribute
        self.owner = owner
        self.module = module
        self.kernel = kernel
        self.names = names
    }

    var isTextGone: Bool { module?.isFreed == true }
    var canShow: Bool { attribute.show != nil }
    var canStore: Bool { attribute.store != nil }

    func show() async throws(Errno) -> String {
        kernel.enter(names.show)
        defer { kernel.leave() }
        guard let show = attribute.show else { throw .ioError }
        let task = await enterModule()
        defer { leaveModule(task) }
        let text = try await show(owner)
        guard text.utf8.count >= KernfsOpenFile.page else { return text }
        kernel.log.print(.error, "\(names.show): \(attribute.name)_show returned bad count")
        return String(decoding: text.utf8.prefix(KernfsOpenFile.page - 1), as: UTF8.self)
    }

    func store(_ bytes: [UInt8]) async throws(Errno) -> Int {
        kernel.enter(names.store)
        defer { kernel.leave() }
        guard let store = attribute.store else { throw .ioError }
        let task = await enterModule()
        defer { leaveModule(task) }
        return try await store(owner, bytes)
    }

    /// Finds the driver's methods, which no owner keeps in place. The kernel's `full_proxy_release`.
    func release() async {
        guard isDebugfs else { return }
        kernel.enter("full_proxy_release")
        defer { kernel.leave() }
        leaveModule(await enterModule())
    }

    /// Notes that the current task calls into the module. A call into freed text faults at once; text that is freed
    /// later, at the next step.
    @inline(__always)
    private func enterModule() async -> KernelTask {
        let task = kernel.current
        guard let module else { return task }
        task.text.append(module)
        kernel.accesses.read(module.textID)
        if module.isFreed { await kernel.step(.text, on: module) }
        return task
    }

    private func leaveModule(_ task: KernelTask) {
        guard let module else { return }
        if !task.text.isEmpty { task.text.removeLast() }
        kernel.accesses.read(module.textID)
    }
}

extension KernfsRoot {
    /// Adds the files of `attributes` to a directory, in order. The kernel's `sysfs_create_group`.
    ///
    /// - Parameters:
    ///   - module: whose text the methods are.
    ///   - pins: each active reference pins the module under `kernfs-pins-module`; files of debugfs are no such files.
    /// - Throws: `EEXIST` if a name is taken.
    public func makeFiles<Owner>(
        _ attributes: [Attribute<Owner>], of owner: Owner, in directory: KernfsNode, module: Module?,
        names: (show: StaticString, store: StaticString) = ("dev_attr_show", "dev_attr_store"), pins: Bool = true
    ) throws(Errno) {
        for attribute in attributes {
            let node = try makeFile(
                attribute.name, in: directory, mode: attribute.mode,
                ops: AttributeOps(attribute, owner, module: module, kernel: kernel, names: names, isDebugfs: !pins),
                owner: pins ? module : nil,
                lockKey: kernel.lockdep.isOn ? "\(module?.name ?? "")/\(Owner.self)/\(attribute.name)" : "")
            node.memory = (owner as? KernelMemory)?.id
        }
    }

    /// Removes the files of `attributes`, one at a time, in order; each is drained before the next is touched.
    ///
    /// The corresponding kernel function is `sysfs_remove_group`.
    public func removeFiles(
        _ names: [String], from directory: KernfsNode, _ file: StaticString = #fileID, _ line: UInt32 = #line
    ) async {
        kernel.enter("sysfs_remove_groups")
        kernel.enter("sysfs_remove_group")
        kernel.enter("remove_files")
        for name in names { await remove(name, from: directory, file, line) }
        kernel.leave()
        kernel.leave()
        kernel.leave()
    }
}
