import CPUHotplug
import DriverModel
import KernelCore
import KernelModule
import SystemPackage

/// The driver: its devices, its control class, its init and exit. The kernel's `drivers/block/zram/zram_drv.c`.
public final class ZramDriver: ModuleCode {
    /// The block major that `register_blkdev` gives.
    static let major = 253

    let core: DriverCore
    let hotplug: CPUHotplug
    let memory: any ZramMemory
    let module: Module
    let patches: PatchBits
    let deviceCount: UInt32
    /// Guards the devices, adding and removing them. The kernel's `zram_index_mutex`.
    let indexMutex: Mutex
    /// Devices by number. The kernel's `zram_index_idr`.
    let devices: Racy<DeviceTable>
    /// Patch `zram-up`: stores may run.
    let isUp: Guarded<Bool>
    private var control: DeviceClass<ZramDriver>?

    var kernel: Kernel { core.kernel }
    var abi: ABI { core.abi }

    init(
        core: DriverCore, hotplug: CPUHotplug, memory: any ZramMemory, module: Module, patches: Set<Patch>,
        deviceCount: UInt32
    ) {
        self.core = core
        self.hotplug = hotplug
        self.memory = memory
        self.module = module
        self.patches = PatchBits(patches, core.kernel)
        self.deviceCount = deviceCount
        let mutex = Mutex(kernel: core.kernel, name: "zram_index_mutex", in: module.data)
        indexMutex = mutex
        // The exit path walks the devices with no lock, in mainline and ever since.
        devices = Racy(DeviceTable(), in: module.data, name: "zram_index_idr")
        isUp = Guarded(false, in: module.data, name: "zram_up") { mutex.isHeldByCurrent }
    }

    /// Describes the module `zram` to a module table.
    ///
    /// - Parameter patches: asked at each load, so that a live change takes effect at the next modprobe.
    public static func definition(
        core: DriverCore, hotplug: CPUHotplug, memory: any ZramMemory, patches: @escaping () -> Set<Patch>
    ) -> ModuleDefinition {
        ModuleDefinition(info) { module throws(Errno) in
            ZramDriver(
                core: core, hotplug: hotplug, memory: memory, module: module, patches: patches(),
                deviceCount: module.parameters.number("num_devices"))
        }
    }

    /// What `modinfo zram` says.
    public static let info = ModuleInfo(
        name: "zram", folder: "drivers/block/zram", size: 40960, description: "Compressed RAM Block Device",
        license: "Dual BSD/GPL",
        parameters: [ModuleParameter("num_devices", .uint(1), "Number of pre-created zram devices")])

    /// The kernel's `zram_init`.
    public func load() async throws(Errno) {
        kernel.enter("zram_init")
        defer { kernel.leave() }
        try await hotplug.setupMulti(CPUHotplug.zcompPrepare, name: "block/zram:prepare")
        let control = DeviceClass("zram-control", core: core, attributes: controlAttributes)
        do throws(Errno) {
            try control.register(for: self, module: module)
        } catch {
            kernel.log.print(.error, "zram: Unable to register zram-control class")
            await hotplug.removeMulti(CPUHotplug.zcompPrepare)
            throw error
        }
        self.control = control
        do throws(Errno) {
            try await addInitialDevices()
        } catch {
            await destroyDevices()
            throw error
        }
    }

    private func addInitialDevices() async throws(Errno) {
        if patches.contains(.zramUp) {
            try await indexMutex.withLock { () async throws(Errno) in
                for _ in 0..<deviceCount { _ = try await zramAdd() }
                if !mutated("init does not set zram_up") { isUp.value = true }
            }
        } else {
            for _ in 0..<deviceCount {
                try await indexMutex.withLock { () async throws(Errno) in _ = try await zramAdd() }
            }
        }
    }

    /// The devices know the driver, and the driver its devices.
    public func forget() { devices.forget(DeviceTable()) }

    /// The kernel's `zram_exit`.
    public func exit() async {
        kernel.enter("zram_exit")
        defer { kernel.leave() }
        await destroyDevices()
    }

    /// Removes the class, then every device, then the hotplug state. Mainline takes no lock here; `zram-up` does.
    private func destroyDevices() async {
        kernel.enter("destroy_devices")
        defer { kernel.leave() }
        if patches.contains(.zramUp) {
            await indexMutex.lock()
            if !kernel.isHalting, !mutated("exit leaves zram_up") { isUp.value = false }
        }
        if mutated("exit removes the hotplug state first") { await hotplug.removeMulti(CPUHotplug.zcompPrepare) }
        if !mutated("exit leaves the class"), !mutated("exit removes the class last") { await control?.unregister() }
        let isLocked = mutated("exit takes the index mutex") && !patches.contains(.zramUp)
        if isLocked { await indexMutex.lock() }
        kernel.enter("idr_for_each")
        for zram in await devices.load().inOrder where !mutated("exit leaves the devices") {
            kernel.enter("zram_remove_cb")
            do throws(Errno) {
                try await zram.zramRemove()
            } catch {
                if patches.contains(.removeIgnoresClaim) {
                    kernel.warn(
                        "remove-failed", "", at: "drivers/block/zram/zram_drv.c:2115", in: "zram_remove_cb")
                }
            }
            kernel.leave()
        }
        kernel.leave()
        await devices.store(DeviceTable())
        if isLocked { await indexMutex.unlock() }
        if mutated("exit removes the class last") { await control?.unregister() }
        if !mutated("exit leaves the hotplug state"), !mutated("exit removes the hotplug state first") {
            await hotplug.removeMulti(CPUHotplug.zcompPrepare)
        }
        if patches.contains(.zramUp) { await indexMutex.unlock() }
    }

    /// Runs a store's body; under `zram-up` holds the global mutex and refuses once the module is going.
    ///
    /// - Throws: `ENODEV` under `zram-up` while the driver is not up.
    func whileUp<R>(
        _ file: StaticString = #fileID, _ line: UInt32 = #line, _ body: () async throws(Errno) -> R
    ) async throws(Errno) -> R {
        guard patches.contains(.zramUp) else { return try await body() }
        return try await indexMutex.withLock(file, line) { () async throws(Errno) in
            guard kernel.isHalting || isUp.value || mutated("stores ignore zram_up") else { throw .noSuchDevice }
            return try await body()
        }
    }

    /// The compressor of a fresh device. The kernel's `CONFIG_ZRAM_DEF_COMP`.
    var defaultAlgorithm: String { memory.algorithms.contains("lzo-rle") ? "lzo-rle" : memory.algorithms[0] }

    /// The compressors in the order in which they are listed: since 6.12 each is a file of its own, `lzo-rle` the first.
    var algorithms: [String] {
        let all = memory.algorithms
        guard abi != .v5_15 else { return all }
        return all.filter { $0 == "lzo-rle" } + all.filter { $0 != "lzo-rle" }
    }

    /// The kernel's `zcomp_available_algorithm`.
    func isAvailable(_ name: String) -> Bool {
        memory.algorithms.contains { Parse.equals(Array(name.utf8), $0) }
    }
}

/// Devices by number.
struct DeviceTable: Fingerprinted {
    private var byIndex: [Int: Zram] = [:]

    /// The devices, lowest number first.
    var inOrder: [Zram] { byIndex.keys.sorted().map { byIndex[$0]! } }
    /// The lowest number that is free. The kernel's `idr_alloc`.
    var firstFree: Int { (0...).first { byIndex[$0] == nil }! }

    subscript(index: Int) -> Zram? {
        get { byIndex[index] }
        set { byIndex[index] = newValue }
    }

    var fingerprint: UInt64 { inOrder.reduce(1) { mix($0, mix(UInt64($1.index), $1.fingerprint)) } }

    func forEachMemory(_ body: (UInt32) -> Void) { inOrder.forEachMemory(body) }
}

extension ZramDriver {
    /// Drops the pages of the devices of a kernel that is switched off; what a module left behind stays to be seen.
    public static func powerOff(_ kernel: Kernel) {
        for case let table as ZramTable in kernel.memory.values where !table.module.isFreed { table.pool.giveBack() }
    }
}
