import DriverModel
import KernelCore
import KernelModule
import SystemPackage

/// The device of `test_sysfs`, a misc or a block device. The driver's `struct sysfs_test_device`.
final class TestSysfsDevice: KernelMemory, BlockOperations {
    let driver: TestSysfs
    let isBlock: Bool
    /// The driver's `config_mutex`.
    let mutex: Mutex
    let x: Racy<Int32>
    let y: Racy<Int32>
    // The configuration, which the driver reads and writes without a lock, "with the assumption that tests know this".
    let locks: Racy<Bool>
    let locksOnRemoval: Racy<Bool>
    let usesRtnl: Racy<Bool>
    let allocates: Racy<Bool>
    let delay: Racy<Int32>
    private let diskPointer: Pointer<Gendisk>
    private var disk: Gendisk? { diskPointer.target }
    private var misc: MiscDevice?

    /// The device's name.
    static let name = "test_sysfs0"

    init(_ driver: TestSysfs, isBlock: Bool) {
        let kernel = driver.kernel
        let members = Members(kernel)
        self.driver = driver
        self.isBlock = isBlock
        mutex = Mutex(kernel: kernel, name: "&test_dev->config_mutex", point: "config_mutex", in: members)
        x = Racy(0, in: members, name: "x")
        y = Racy(0, in: members, name: "y")
        locks = Racy(false, in: members, name: "enable_lock")
        locksOnRemoval = Racy(false, in: members, name: "enable_lock_on_rmmod")
        usesRtnl = Racy(false, in: members, name: "use_rtnl_lock")
        allocates = Racy(false, in: members, name: "enable_busy_alloc")
        delay = Racy(0, in: members, name: "write_delay_msec_y")
        diskPointer = Pointer(in: members, name: "disk")
        super.init(kernel: kernel, kind: "struct sysfs_test_device", members: members)
    }

    deinit { diskPointer.unchecked?.operations = nil }

    /// Shows the device.
    ///
    /// - Throws: `EEXIST` if one of that name is there.
    func add() async throws(Errno) {
        if isBlock {
            // The block layer gives a number out of its own major to a driver that has none.
            let disk = Gendisk(
                core: driver.core, name: Self.name, number: (259, 0), module: driver.module, operations: self)
            diskPointer.target = disk
            try disk.add(Self.attributes, of: self)
        } else {
            let misc = MiscDevice(Self.name, core: driver.core)
            self.misc = misc
            try await misc.register(Self.attributes, of: self, module: driver.module)
        }
    }

    /// Removes it, draining its attributes.
    func delete() async {
        await misc?.deregister()
        await disk?.delete()
        disk?.cleanUp()
    }

    /// Takes over what the module was loaded with.
    func configure() async {
        let parameters = driver.module.parameters
        if parameters.isOn("enable_lock") { await locks.store(true) }
        if parameters.isOn("enable_lock_on_rmmod") { await locksOnRemoval.store(true) }
        if parameters.isOn("use_rtnl_lock") { await usesRtnl.store(true) }
        if parameters.isOn("enable_busy_alloc") { await allocates.store(true) }
        await delay.store(Int32(truncatingIfNeeded: parameters.number("write_delay_msec_y")))
        await resetValues()
    }

    /// The driver's `test_sysfs_reset_vals`.
    func resetValues() async {
        await x.store(3)
        await y.store(4)
    }

    /// Takes the lock that the configuration names, if it names one. The driver's `test_dev_config_lock`.
    func lock(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        touch()
        guard await locks.load() else { return }
        await (await usesRtnl.load() ? driver.core.rtnlMutex : mutex).lock(file, line)
    }

    /// Gives back the lock that the configuration names now, as the driver's `test_dev_config_unlock` does.
    func unlock(_ file: StaticString = #fileID, _ line: UInt32 = #line) async {
        touch()
        guard await locks.load() else { return }
        await (await usesRtnl.load() ? driver.core.rtnlMutex : mutex).unlock(file, line)
    }

    /// Nobody may open the block device.
    var isOpenable: Bool { false }

    /// Refuses everybody. The driver's `testdev_open`.
    ///
    /// - Throws: `EINVAL`.
    func open(_ disk: Gendisk) async throws(Errno) { throw .invalidArgument }

    /// The kernel's `dev_info`.
    func log(_ text: String) { kernel.log.print(.info, "\(isBlock ? "block" : "misc") \(Self.name): \(text)") }
}
