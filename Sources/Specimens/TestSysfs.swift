import DriverModel
import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// The module that v8 3/12 adds to test sysfs with: one device whose stores can be made slow, or to take a lock that
/// module exit takes too. The series' `lib/test_sysfs.c`.
public final class TestSysfs: ModuleCode {
    let core: DriverCore
    let module: Module
    let fixes: Specimens.Fixes
    /// The device. The driver's `first_test_dev`, which no lock guards.
    let first: Racy<TestSysfsDevice?>
    /// How often somebody asked; the driver's `reset_first_test_dev`.
    var resets: UInt8 = 0
    private var debug: DebugDirectory?

    var kernel: Kernel { core.kernel }

    /// What `modinfo test_sysfs` says.
    public static let info = ModuleInfo(
        name: "test_sysfs", folder: "lib", size: 28672, description: "sysfs test driver", parameters: parameters)

    private static let parameters: [ModuleParameter] = [
        ModuleParameter("enable_lock", .enableOnly, mode: 0o644, "enable locking on reads / stores from the start"),
        ModuleParameter("enable_lock_on_rmmod", .enableOnly, mode: 0o644, "enable locking on rmmod"),
        ModuleParameter(
            "use_rtnl_lock", .enableOnly, mode: 0o644, "use an rtnl_lock instead of the device mutex_lock"),
        ModuleParameter("write_delay_msec_y", .uint(500), mode: 0o644, "msec write delay for writes to y"),
        ModuleParameter("devtype", .uint(0), mode: 0o644, "device type to register"),
        ModuleParameter("enable_busy_alloc", .enableOnly, mode: 0o644, "do a fake allocation during writes"),
        ModuleParameter("enable_debugfs", .enableOnly, mode: 0o644, "enable a few debugfs files"),
        ModuleParameter(
            "enable_verbose_writes", .enableOnly, mode: 0o644, "enable stores to print verbose information"),
        ModuleParameter(
            "delay_rmmod_ms", .uint(0), mode: 0o644, "if set how many ms to delay rmmod before device deletion"),
        ModuleParameter("enable_verbose_rmmod", .enableOnly, mode: 0o644, "enable verbose print messages on rmmod"),
        ModuleParameter(
            "enable_completion_on_rmmod", .enableOnly, mode: 0o644, "enable sending a kernfs completion on rmmod"),
    ]

    init(core: DriverCore, module: Module, fixes: Specimens.Fixes) {
        self.core = core
        self.module = module
        self.fixes = fixes
        first = Racy(nil, in: module.data, name: "first_test_dev")
    }

    /// The driver's `test_sysfs_init`.
    public func load() async throws(Errno) {
        kernel.enter("test_sysfs_init")
        defer { kernel.leave() }
        guard let device = await register() else { throw .noMemory }
        await first.store(device)
        guard module.parameters.isOn("enable_debugfs") else { return }
        debug = DebugDirectory("test_sysfs", [Self.reset], of: self, module: module, core: core)
    }

    /// The driver's `test_sysfs_exit`.
    public func exit() async {
        kernel.enter("test_sysfs_exit")
        defer { kernel.leave() }
        if !mutated("test_sysfs leaves its debugfs files") { await debug?.remove() }
        if module.parameters.isOn("enable_completion_on_rmmod") { await core.root.faults.completion.complete() }
        let delay = module.parameters.number("delay_rmmod_ms")
        if delay > 0 { await Timer.sleep(kernel, milliseconds: UInt64(delay)) }
        if let device = await first.load(), !mutated("test_sysfs leaves its device") { await unregister(device) }
        if module.parameters.isOn("enable_verbose_rmmod") {
            kernel.log.print(.info, "test_sysfs: unregister_test_dev_sysfs() completed")
        }
        await first.store(nil)
    }

    /// The device and the module know each other.
    public func forget() { first.forget(nil) }

    /// Registers a device, and configures it after that: it can be used before. The driver's
    /// `register_test_dev_set_config`.
    private func register() async -> TestSysfsDevice? {
        let type = module.parameters.number("devtype")
        guard type <= 1 else { return nil }
        let device = TestSysfsDevice(self, isBlock: type == 1)
        do throws(Errno) {
            try await device.add()
        } catch {
            kernel.log.print(
                .error, "test_sysfs: could not register \(device.isBlock ? "block" : "misc") device: \(-error.rawValue)"
            )
            device.free()
            return nil
        }
        device.log("interface ready")
        await device.configure()
        return device
    }

    /// Removes the device; with `enable_lock_on_rmmod` under the very lock that its stores take. The driver's
    /// `unregister_test_dev_sysfs`.
    private func unregister(_ device: TestSysfsDevice) async {
        kernel.enter("unregister_test_dev_sysfs")
        defer { kernel.leave() }
        device.touch()
        if await device.locksOnRemoval.load() { await device.lock() }
        device.log("removing interface")
        if mutated("test_sysfs frees its device first") { device.free() }
        await device.delete()
        if await device.locksOnRemoval.load() { await device.unlock() }
        if !mutated("test_sysfs does not free its device"), !mutated("test_sysfs frees its device first") {
            device.free()
        }
    }

    /// `debug/test_sysfs/reset_first_test_dev`: a write removes the device and registers another.
    private static let reset = Attribute<TestSysfs>(
        "reset_first_test_dev", mode: 0o600,
        show: { driver in
            driver.resets &+= 1
            return "\(driver.resets)\n"
        },
        store: { driver, bytes async throws(Errno) in
            guard await driver.module.tryGet() else { throw .noSuchDevice }
            guard let device = await driver.first.load() else {
                await driver.module.put()
                throw .noSuchDevice
            }
            device.log("going to reset first interface ...")
            await driver.unregister(device)
            let new = await driver.register()
            if !mutated("a reset of test_sysfs keeps the old device") { await driver.first.store(new) }
            new?.log("first interface reset complete")
            await driver.module.put()
            return bytes.count
        })
}
