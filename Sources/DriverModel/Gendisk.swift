import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// What a driver is asked when its disk is opened. The kernel's `struct block_device_operations`.
public protocol BlockOperations: AnyObject {
    /// Called under `open_mutex`; an error refuses the open.
    func open(_ disk: Gendisk) async throws(Errno)
    /// Serves a request. Data moves beside the simulated kernel: this one stands for what a close writes back. The
    /// kernel's `submit_bio`.
    func submit(_ disk: Gendisk) async
    /// False if `open` refuses everybody: then nothing need stand for the disk on a host.
    var isOpenable: Bool { get }
}

extension BlockOperations {
    /// Most disks can be opened.
    public var isOpenable: Bool { true }
    /// Nothing of the driver's is used.
    public func submit(_ disk: Gendisk) async {}
}

/// A disk: its device in the tree, `/dev/NAME`, its openers. The kernel's `struct gendisk`.
public final class Gendisk: KernelMemory {
    /// The name, e.g. `zram0`.
    public let name: String
    /// The device number.
    public let number: (major: Int, minor: Int)
    /// Guards the openers, and what the driver keeps with them. The kernel's `disk->open_mutex`.
    public let openMutex: Mutex
    /// How many have it open. The kernel's `disk_openers`.
    public let openers: Guarded<Int>
    /// Bytes move here, beside the simulated kernel.
    public let data = DiskData()
    /// The module that an open pins.
    public let module: Module
    /// The device's directory while it is registered.
    public private(set) var node: KernfsNode? {
        didSet { openMutex.changed(9, from: oldValue.fingerprint, to: node.fingerprint) }
    }
    /// Sectors of 512 bytes.
    public private(set) var capacity: UInt64 = 0 {
        didSet { openMutex.changed(7, from: oldValue, to: capacity) }
    }
    /// Changes with every set or reset of the size, so that nobody keeps pages of before.
    public private(set) var generation: UInt64 = 0
    /// `diskseq`: counts the disks of this kernel.
    public let sequence: UInt64
    /// The block device of the host that stands for it, if one does: what `dev` says then.
    public var hostNumber: (major: Int, minor: Int)?
    /// The disk as the file that a loop device stands on.
    public private(set) lazy var backing = LoopFile(self)
    let core: DriverCore
    /// The driver's device, which takes itself out when it goes: a disk that is open lives longer.
    public unowned(unsafe) var operations: (any BlockOperations)?
    /// True from `add` until `delete`.
    public private(set) var isLive = false {
        didSet { openMutex.changed(8, from: oldValue.fingerprint, to: isLive.fingerprint) }
    }
    /// Who uses the structure: the driver, and everybody who has the disk open or is about to.
    private var references = 1 {
        didSet { openMutex.changed(10, from: UInt64(oldValue), to: UInt64(references)) }
    }
    /// Who has a request in the driver's hands: removal waits for them. The kernel's `q_usage_counter`.
    private var requests = Holders()
    private let drained: WaitQueue
    private var groups: [[String]] = []
    private let privateData: PrivateData

    /// Points to the driver's device. The kernel's `disk->private_data`.
    private final class PrivateData: KernelObject {
        unowned(unsafe) var disk: Gendisk?

        override func forEachReference(_ body: (UInt32) -> Void) {
            body((disk?.operations as? KernelMemory)?.id ?? 0)
        }
    }

    /// Allocates a disk that is not shown yet. The kernel's `blk_alloc_disk`.
    public init(
        core: DriverCore, name: String, number: (major: Int, minor: Int), module: Module,
        operations: any BlockOperations
    ) {
        self.core = core
        self.name = name
        self.number = number
        self.module = module
        self.operations = operations
        core.disksMade += 1
        sequence = core.disksMade
        let members = Members(core.kernel)
        let mutex = Mutex(kernel: core.kernel, name: "&disk->open_mutex", point: "open_mutex", in: members)
        openMutex = mutex
        drained = WaitQueue(kernel: core.kernel, name: "mq_freeze_wq", in: members)
        privateData = PrivateData(kernel: core.kernel, name: "private_data", in: members)
        openers = Guarded(0, in: members, name: "openers") { mutex.isHeldByCurrent }
        super.init(kernel: core.kernel, kind: "struct gendisk", members: members)
        privateData.disk = self
        drained.holdersHint = { [unowned self] in requests.list }
    }

    /// Shows the disk: its directory with the block layer's files, then the driver's, and `/dev/NAME`.
    ///
    /// - Throws: `EEXIST` if a device of that name is there, after the kernel's complaint in the log.
    ///
    /// The corresponding kernel function is `device_add_disk`.
    public func add<Owner>(_ attributes: [Attribute<Owner>], of owner: Owner) throws(Errno) {
        let kernelPath = "/devices/virtual/block"
        do throws(Errno) {
            let node = try core.addObject(name, in: core.deviceDirectory, kernelPath: kernelPath)
            self.node = node
            node.memory = id
            core.devices[name] = .block
            let shown = (own: attributes.filter { core.shows($0.name) }, block: blockAttributes)
            if core.shows("uevent") { try core.root.makeFiles([Self.uevent], of: self, in: node, module: nil) }
            try core.root.makeFiles(shown.block, of: self, in: node, module: nil)
            try core.root.makeFiles(shown.own, of: owner, in: node, module: module)
            groups = [shown.own.map { $0.name }, shown.block.map { $0.name }]
            try addDirectories(to: node)
            if core.shows("dev") { try core.root.makeFiles([Self.dev], of: self, in: node, module: nil) }
            try core.root.makeDevice(name, in: core.devDirectory, mode: 0o660, file: self).memory = id
        } catch {
            kernel.warn("device-add-disk", "", at: "block/genhd.c:537", in: "device_add_disk")
            throw error
        }
        isLive = true
        kernel.spend("devtmpfs_create_node")
        kernel.spend("blk_register_queue")
        kernel.spend("bdi_register")
        core.onResize?(self)
    }

    /// Takes the disk away: no new opens, its data gone, then the files one at a time, each drained.
    ///
    /// The corresponding kernel function is `del_gendisk`.
    public func delete(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        kernel.enter("del_gendisk")
        defer { kernel.leave() }
        await openMutex.withLock { if !mutated("a deleted disk stays live") { isLive = false } }
        setCapacity(0)
        openMutex.observe((node != nil).fingerprint)
        guard let node else { return }
        kernel.spend("bdi_unregister")
        kernel.spend("blk_unregister_queue")
        for name in ["bdi", "queue", "holders", "slaves"] { await core.root.remove(name, from: node, file, line) }
        kernel.enter("device_del")
        kernel.spend("devtmpfs_delete_node")
        await core.root.remove(name, from: core.devDirectory, file, line)
        await core.root.remove("power", from: node, file, line)
        await core.root.remove("subsystem", from: node, file, line)
        await core.root.remove("dev", from: node, file, line)
        await core.root.remove("uevent", from: node, file, line)
        kernel.enter("device_remove_attrs")
        for names in groups.map({ mutated("files go in reverse order") ? $0.reversed() : $0 })
        where !mutated("del_gendisk leaves the files") {
            await core.root.removeFiles(names, from: node, file, line)
        }
        kernel.leave()
        await core.root.remove(node, file, line)
        kernel.leave()
        openMutex.observe((requests.count > 0).fingerprint)
        if requests.count > 0 { await drained.wait(on: openMutex) { [unowned self] in requests.count == 0 } }
        core.devices[name] = nil
        self.node = nil
        kernel.spend("blk_mq_freeze_queue_wait")
        kernel.spend("synchronize_rcu")
    }

    /// The driver lets go of a deleted disk. The kernel's `blk_cleanup_disk`.
    public func cleanUp() {
        data.set(nil, size: 0)
        put()
    }

    /// The last who uses it frees it. The kernel's `put_disk`.
    private func put() {
        if kernel.isHalting { return }
        references -= 1
        guard references <= 0 else { return }
        kernel.spend("disk_release")
        free()
    }

    /// Sets the size in sectors; no log line. The kernel's `set_capacity`.
    public func setCapacity(_ sectors: UInt64) {
        capacity = sectors
        generation += 1
        data.setSize(sectors << 9)
        core.onResize?(self)
    }

    /// Sets the size in sectors and says so. The kernel's `set_capacity_and_notify`.
    public func setCapacityAndNotify(_ sectors: UInt64) {
        if capacity != sectors, isLive {
            kernel.log.print(.info, "\(name): detected capacity change from \(capacity) to \(sectors)")
        }
        setCapacity(sectors)
    }

    /// Opens the disk: pins the module and asks the driver, under `open_mutex`.
    ///
    /// - Throws: `ENXIO` if the disk or its module is going; what the driver says.
    ///
    /// The corresponding kernel function is `blkdev_get_by_dev`.
    public func open() async throws(Errno) {
        kernel.enter("blkdev_open")
        defer { kernel.leave() }
        // A number that is no longer registered leads nowhere.
        openMutex.observe(isLive.fingerprint)
        guard isLive else { throw .noSuchAddressOrDevice }
        references += 1
        do throws(Errno) {
            try await openReferenced()
        } catch {
            put()
            throw error
        }
    }

    private func openReferenced() async throws(Errno) {
        try await openMutex.withLock { () async throws(Errno) in
            openMutex.observe(isLive.fingerprint)
            guard isLive || mutated("open ignores a disk that goes") else { throw .noSuchAddressOrDevice }
            guard await module.tryGet() || mutated("open ignores a module that goes") else {
                throw .noSuchAddressOrDevice
            }
            do throws(Errno) {
                try await operations?.open(self)
            } catch {
                if !mutated("a failed open keeps its pin") { await module.put() }
                throw error
            }
            if !mutated("openers are not counted") { openers.value += 1 }
        }
    }

    /// Hands a request to the driver, and waits for it.
    private func submit() async {
        count(+1)
        await operations?.submit(self)
        if kernel.isHalting || kernel.current.state == .dead { return }
        count(-1)
        drained.wakeWaiters()
    }

    private func count(_ change: Int) {
        let old = requests.count
        if change > 0 { requests.add(kernel.current) } else { _ = requests.remove(kernel.current) }
        openMutex.changed(11, from: UInt64(old), to: UInt64(requests.count))
    }

    /// Closes it. The kernel's `blkdev_put`.
    public func release() async {
        kernel.enter("blkdev_close")
        defer { kernel.leave() }
        openMutex.observe(isLive.fingerprint)
        if isLive { await submit() }
        await openMutex.withLock { if !mutated("openers are not counted") { openers.value -= 1 } }
        await module.put()
        put()
    }
}
