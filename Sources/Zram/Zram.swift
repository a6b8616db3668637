import DriverModel
import KernelCore
import SystemPackage

/// One device. The kernel's `struct zram`.
final class Zram: KernelMemory, BlockOperations {
    /// Bytes of a page.
    static let pageSize: UInt64 = 4096

    let driver: ZramDriver
    /// The device's number: `zram0` is 0.
    let index: Int
    /// Guards disksize, table, comp and limit; dropped too early by 5.15's reset.
    let initLock: RWSemaphore
    /// The disk.
    var disk: Gendisk { diskPointer.target! }
    private let diskPointer: Pointer<Gendisk>
    /// Bytes; not 0 means initialised.
    let disksize: Guarded<UInt64>
    /// Pages that the pool may use, 0 for no limit.
    let limitPages: Guarded<UInt64>
    /// Somebody resets or removes the device; guarded by `open_mutex`.
    let claim: Guarded<Bool>
    /// The name of the compressor that the next disksize uses; `zram_add` sets it without a lock.
    let compressor: Racy<String>
    /// The page table. 5.15's reset reads it after it has dropped the lock, and never clears it.
    let table: Racy<ZramTable?>
    /// The compressor in use.
    let comp: Racy<Zcomp?>

    /// How much may be written back.
    let writebackLimit: Racy<WritebackLimit>
    /// Secondary compressors, backing device: what a plain device has none of.
    let extras: Racy<ZramExtras>

    var patches: PatchBits { driver.patches }

    /// Allocates a device and its disk; nothing is shown yet.
    init(_ driver: ZramDriver, index: Int) {
        let kernel = driver.kernel
        self.driver = driver
        self.index = index
        let members = Members(kernel)
        let initLock = RWSemaphore(kernel: kernel, name: "&zram->init_lock", point: "init_lock", in: members)
        self.initLock = initLock
        let isLocked = { initLock.isHeldByCurrent }
        disksize = Guarded(0, in: members, name: "disksize", by: isLocked)
        limitPages = Guarded(0, in: members, name: "limit_pages", by: isLocked)
        var openMutex: Mutex?
        claim = Guarded(false, in: members, name: "claim") { openMutex?.isHeldByCurrent ?? true }
        compressor = Racy("", in: members, name: "compressor")
        // Without a disksize nobody looks at what they point to: 5.15's reset leaves them as they are.
        let isInitialised = { [disksize] in disksize.unchecked != 0 }
        table = Racy(nil, in: members, name: "table", while: isInitialised)
        comp = Racy(nil, in: members, name: "comp", while: isInitialised)
        writebackLimit = Racy(WritebackLimit(), in: members, name: "bd_wb_limit")
        extras = Racy(ZramExtras(), in: members, name: "comps")
        diskPointer = Pointer(in: members, name: "disk")
        super.init(kernel: kernel, kind: "struct zram", members: members)
        let disk = Gendisk(
            core: driver.core, name: "zram\(index)", number: (ZramDriver.major, index), module: driver.module,
            operations: self)
        diskPointer.target = disk
        openMutex = disk.openMutex
    }

    deinit { diskPointer.unchecked?.operations = nil }

    /// True once a disksize is set. The kernel's `init_done`; call it under `init_lock`.
    var isInitialised: Bool { disksize.value != 0 }

    /// Refuses to open a device that is being reset or removed. The kernel's `zram_open`.
    ///
    /// - Throws: `EBUSY`.
    func open(_ disk: Gendisk) async throws(Errno) {
        kernel.enter("zram_open")
        defer { kernel.leave() }
        touch()
        if !patches.contains(.openMutexOverReset), claim.value, !mutated("open ignores the claim") {
            throw .resourceBusy
        }
    }

    /// Stores a page: nobody holds `init_lock`, for nobody can reset a device that is open.
    func submit(_ disk: Gendisk) async {
        kernel.enter("zram_submit_bio")
        defer { kernel.leave() }
        guard await disksize.loadUnlocked() != 0 else { return }
        await comp.load()?.touch()
        await table.load()?.touch()
    }

    /// The kernel's `pr_info` of this driver.
    func log(_ level: KernelLog.Level = .info, _ text: @autoclosure () -> String) {
        kernel.log.print(level, "zram: \(text())")
    }
}
