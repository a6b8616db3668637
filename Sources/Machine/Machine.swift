import CPUHotplug
import DriverModel
import KernelCore
import KernelModule
import Kernfs
import Specimens
import SystemPackage
import Zram

/// What a simulated machine is made of.
public struct MachineConfiguration: Sendable {
    /// The patches of the running driver; a change takes effect at the next modprobe.
    public var patches: Set<Patch> = []
    /// The attribute set and errnos that are shown.
    public var abi = ABI.v5_15
    /// Simulated CPUs.
    public var cpus = 2
    /// Devices that the first modprobe makes.
    public var devices = 1
    /// Slow functions take this times their time (`Durations`); nil: none. Live machines only, once they are booted.
    public var timing: Double?
    /// Lockdep looks for inversions. The kernel's `CONFIG_PROVE_LOCKING`.
    public var lockdep = true
    /// The program that stands in for modprobe and the like in the view of a live machine; nil: it has no view.
    public var tools: String?
    /// If set, the only attribute files that devices and modules have; for explorations.
    public var files: Set<String>?
    /// Drivers beside those that every machine has; the explorer's own tests bring some.
    public var drivers: [@Sendable (DriverCore) -> ModuleDefinition] = []

    /// The thread's kernel, two CPUs, one device.
    public init() {}
}

/// One simulated machine: a kernel, its tree, its modules. A mount shows one; an exploration makes thousands.
public final class Machine {
    /// The kernel.
    public let kernel: Kernel
    /// The tree.
    public let root: KernfsRoot
    /// The modules.
    public let modules: ModuleTable
    /// The CPUs.
    public let hotplug: CPUHotplug
    /// What drivers register with.
    public let core: DriverCore
    /// What it is made of; `patches` may change while it runs.
    public var configuration: MachineConfiguration
    /// Called by `echo b > sysrq-trigger`, in the task that writes: the owner reboots the machine once no task runs.
    public var onReboot: (() -> Void)?
    /// Called with each event, behind its report in the log; live machines only.
    public var onEvent: ((KernelEvent) -> Void)?
    /// The patches of the driver that was loaded last.
    public private(set) var activePatches: Set<Patch>
    /// How often something happened that a kernel would report.
    public internal(set) var counts = EventCounts()
    let gates: GateWatch
    /// Disks in use as simulated swap space, by name.
    var swaps: [String: Swap] = [:]
    var view: View?

    /// Assembles a machine; nothing runs yet.
    ///
    /// - Parameters:
    ///   - memory: where the pages of disks are kept.
    ///   - firstInode: inode numbers begin here, so that a machine under an old mount reuses none.
    public init(
        _ configuration: MachineConfiguration, mode: Kernel.Mode, executor: KernelExecutor, memory: any ZramMemory,
        firstInode: UInt64 = 1
    ) throws(Errno) {
        self.configuration = configuration
        activePatches = configuration.patches
        kernel = Kernel(mode: mode, executor: executor)
        kernel.lockdep.isOn = mode == .live && configuration.lockdep
        root = KernfsRoot(kernel: kernel, firstInode: firstInode)
        modules = ModuleTable(kernel: kernel)
        modules.waitsForGoing = configuration.abi == .v5_15
        hotplug = CPUHotplug(kernel: kernel, cpus: configuration.cpus)
        gates = GateWatch(kernel: kernel)
        core = try DriverCore(kernel: kernel, root: root, modules: modules, abi: configuration.abi)
        let objects = try ModuleObjects(root: root)
        modules.sysfs = objects
        if let files = configuration.files {
            core.shows = { files.contains($0) }
            objects.shows = core.shows
        }
        modules.install(
            ZramDriver.definition(core: core, hotplug: hotplug, memory: memory) { [weak self] in self?.applied() ?? [] }
        )
        for specimen in Specimens.definitions(core: core, fixes: { [weak self] in self?.fixes ?? .init() }) {
            modules.install(specimen)
        }
        for driver in configuration.drivers { modules.install(driver(core)) }
        core.onlineCPUs = { [weak hotplug] in hotplug?.onlineCount ?? 1 }
        try addCPUs()
        if mode == .live, let tools = configuration.tools { view = try View(self, tools: tools) }
        try addControls()
        if mode == .live { kernel.onEvent = { [weak self] in self?.report($0) } }
    }

    /// The patches as of this load of the driver; those of kernfs change at the same moment.
    private func applied() -> Set<Patch> {
        let patches = configuration.patches
        activePatches = patches
        root.pinsModule = patches.contains(.kernfsPinsModule)
        root.skipsUnbreakPairing = patches.contains(.noUnbreakPairing)
        return patches
    }

    /// What the running policy changes in the drivers beside zram.
    private var fixes: Specimens.Fixes {
        var fixes = Specimens.Fixes()
        fixes.pinsInStores = activePatches.contains(.storePinsModule)
        fixes.deregistersUnlocked = activePatches.contains(.deregisterUnlocked)
        fixes.cancelsWork = activePatches.contains(.cancelWork)
        return fixes
    }

    /// What can be loaded: zram, and the drivers beside it that have the same disease or are suspected of it.
    public static let modules = [ZramDriver.info] + Specimens.infos

    /// Loads zram, as the boot scripts would; call it in the kernel's isolation.
    public func boot() {
        let devices = configuration.devices
        kernel.spawn("modprobe") { [self] _ in
            do throws(Errno) {
                try await modules.load("zram", ["num_devices=\(devices)"])
            } catch {
                kernel.log.print(.error, "modprobe: zram: \(error)")
            }
            // What boots is there at once.
            setTiming(configuration.timing)
        }
    }

    /// From here on slow functions of a live kernel take so many times their time; nil: none.
    func setTiming(_ factor: Double?) {
        guard kernel.mode == .live else { return }
        if let factor, let timing = kernel.timing {
            timing.factor = factor
        } else {
            kernel.timing = factor.map { Timing(Durations.table(configuration.abi), factor: $0) }
        }
    }

    private func addCPUs() throws(Errno) {
        let directory = try root.makeDirectory("cpu", in: root.node)
        for cpu in hotplug.online.indices {
            let node = try root.makeDirectory("cpu\(cpu)", in: directory)
            try root.makeFiles([Self.online], of: CPU(number: cpu, hotplug: hotplug), in: node, module: nil)
        }
    }

    private struct CPU {
        let number: Int
        let hotplug: CPUHotplug
    }

    private static let online = Attribute<CPU>.readWrite(
        "online", { $0.hotplug.online[$0.number] ? "1\n" : "0\n" },
        { cpu, bytes async throws(Errno) in
            try await cpu.hotplug.set(cpu: cpu.number, online: try Parse.bool(bytes))
            return bytes.count
        })
}
