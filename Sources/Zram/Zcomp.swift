import CPUHotplug
import DriverModel
import KernelCore
import KernelModule
import SystemPackage

/// One device's compressor: an instance of the CPU hotplug state, with a stream per CPU. The kernel's `struct zcomp`.
final class Zcomp: KernelMemory, CPUHotplugInstance {
    /// The compressor's name.
    let name: String
    private let driver: ZramDriver
    /// A stream for each CPU that is up: the callbacks alone change them.
    let streams: Guarded<StreamTable>

    /// Streams by CPU.
    struct StreamTable: Fingerprinted {
        var byCPU: [Int: KernelMemory] = [:]

        var fingerprint: UInt64 {
            byCPU.keys.sorted().reduce(1) { mix($0, mix(UInt64($1), byCPU[$1].fingerprint)) }
        }

        func forEachMemory(_ body: (UInt32) -> Void) { for stream in byCPU.values { stream.forEachMemory(body) } }
    }

    private init(_ driver: ZramDriver, name: String) {
        self.driver = driver
        self.name = name
        let members = Members(driver.kernel)
        streams = Guarded(StreamTable(), in: members, name: "stream") { true }
        super.init(kernel: driver.kernel, kind: "struct zcomp", members: members)
    }

    /// Makes a compressor and adds it to the hotplug state.
    ///
    /// - Throws: `EINVAL` for an unknown name; `ENOMEM` if a CPU's stream cannot be made.
    ///
    /// The corresponding kernel function is `zcomp_create`.
    static func create(_ name: String, _ driver: ZramDriver) async throws(Errno) -> Zcomp {
        driver.kernel.enter("zcomp_create")
        defer { driver.kernel.leave() }
        guard driver.isAvailable(name) else { throw .invalidArgument }
        let comp = Zcomp(driver, name: name)
        do throws(Errno) {
            try await driver.hotplug.addInstance(CPUHotplug.zcompPrepare, comp)
        } catch {
            if !mutated("a compressor that failed is not freed") { comp.free() }
            throw error
        }
        return comp
    }

    /// Takes it off the hotplug state and frees it. The kernel's `zcomp_destroy`.
    func destroy() async {
        kernel.enter("zcomp_destroy")
        defer { kernel.leave() }
        touch()
        if mutated("compressor freed before its instance goes") { free() }
        if !mutated("instance not removed") { await driver.hotplug.removeInstance(CPUHotplug.zcompPrepare, self) }
        if !mutated("compressor not freed"), !mutated("compressor freed before its instance goes") { free() }
    }

    var memory: KernelMemory { self }

    /// The kernel's `zcomp_cpu_up_prepare`.
    func cpuUp(_ cpu: Int) throws(Errno) {
        guard driver.abi != .v5_15 || driver.memory.algorithms.contains(name) else {
            kernel.log.print(.error, "Can't allocate a compression stream")
            throw .noMemory
        }
        streams.value.byCPU[cpu] = KernelMemory(kernel: kernel, kind: "struct zcomp_strm")
    }

    /// The kernel's `zcomp_cpu_dead`.
    func cpuDown(_ cpu: Int) {
        guard let stream = streams.value.byCPU[cpu] else { return }
        streams.value.byCPU[cpu] = nil
        stream.free()
    }
}

/// The page table of an initialised device, with its pool. The kernel's `zram->table` and `zram->mem_pool`.
final class ZramTable: KernelMemory {
    /// Where the pages are.
    let pool: any ZramPool
    /// What it takes a real kernel to go through it page by page.
    let gibibytes: Double

    /// The driver's module; a table that outlives it is leaked.
    let module: Module

    init(_ kernel: Kernel, module: Module, pool: any ZramPool, size: UInt64) {
        self.pool = pool
        gibibytes = Double(size) / Double(1 << 30)
        self.module = module
        super.init(kernel: kernel, kind: "zram->table")
    }

    override func free() {
        super.free()
        if kernel.isHalting { return }
        if module.state == .going { pool.giveBack() } else { pool.free() }
    }

    /// Frees the table alone; the pages stay in an image that keeps them.
    func giveBack() {
        super.free()
        if !kernel.isHalting { pool.giveBack() }
    }
}
