import DriverModel
import KernelCore
import KernelModule
import Kernfs
import SystemPackage

/// A timer that wakes a machine up, set by an attribute. The second driver that Luis Chamberlain named: it takes the
/// lock of its attribute in its exit, but removes the attribute before, so that there is no deadlock. The kernel's
/// `arch/powerpc/sysdev/fsl_mpic_timer_wakeup.c`.
///
/// It has another fault: its exit frees what work that an interrupt has queued will use.
public final class FslMpicTimerWakeup: ModuleCode {
    /// What `modinfo fsl_mpic_timer_wakeup` says.
    public static let info = ModuleInfo(
        name: "fsl_mpic_timer_wakeup", folder: "arch/powerpc/sysdev", size: 16384,
        description: "Freescale MPIC global timer wakeup driver", license: "GPL v2")

    private let core: DriverCore
    private let module: Module
    private let fixes: Specimens.Fixes
    /// The driver's `sysfs_lock`.
    private let lock: Mutex
    private var wakeup: Wakeup? { wakeupPointer.target }
    private let wakeupPointer: Pointer<Wakeup>
    private var node: KernfsNode?
    private let timer: MPICTimer
    private var kernel: Kernel { core.kernel }

    /// The timer of the interrupt controller, which is no part of the driver.
    private final class MPICTimer {
        /// It was started, and its interrupt neither came nor was it freed.
        let isArmed: Noted<Bool>
        /// A task stands for the interrupt: one at a time, whenever it was started.
        let hasInterrupt: Noted<Bool>
        /// Where that task waits.
        let queue: WaitQueue
        /// The last start, and the last whose time has come; live only, for while exploring it may come at any time.
        var alarms = (started: 0, rung: 0)
        var isDue: Bool { alarms.started == alarms.rung }

        init(_ kernel: Kernel) {
            isArmed = Noted(false, in: kernel.globals, name: "mpic_timer_armed")
            hasInterrupt = Noted(false, in: kernel.globals, name: "mpic_timer_irq")
            queue = WaitQueue(kernel: kernel, name: "mpic_timer")
        }
    }

    /// The driver's `struct fsl_mpic_timer_wakeup`.
    private final class Wakeup: KernelMemory {
        /// The timer that runs: the second at which it is over, counted from boot; 0 if none does.
        let timer: Guarded<UInt64>
        /// The work is queued: `WORK_STRUCT_PENDING`.
        let isQueued: Noted<Bool>
        /// A worker has taken it up, and looks again when it is done: work does not run beside itself.
        let isWorking: Noted<Bool>
        /// Who waits for the work to be over.
        let work: WaitQueue

        init(kernel: Kernel, lock: Mutex) {
            let members = Members(kernel)
            timer = Guarded(0, in: members, name: "timer") { lock.isHeldByCurrent }
            isQueued = Noted(false, in: members, name: "is_queued")
            isWorking = Noted(false, in: members, name: "is_working")
            work = WaitQueue(kernel: kernel, name: "free_work", in: members)
            super.init(kernel: kernel, kind: "struct fsl_mpic_timer_wakeup", members: members)
            kernel.points.declare(work.pointName, [.wake])
        }
    }

    init(core: DriverCore, module: Module, fixes: Specimens.Fixes) {
        self.core = core
        self.module = module
        self.fixes = fixes
        lock = Mutex(kernel: core.kernel, name: "sysfs_lock", in: module.data)
        wakeupPointer = Pointer(in: module.data, name: "fsl_wakeup")
        timer = MPICTimer(core.kernel)
    }

    /// The driver's `fsl_wakeup_sys_init`: the attribute is the MPIC subsystem's own, `/mpic/timer_wakeup`.
    public func load() async throws(Errno) {
        kernel.enter("fsl_wakeup_sys_init")
        defer { kernel.leave() }
        let wakeup = Wakeup(kernel: kernel, lock: lock)
        wakeupPointer.target = wakeup
        let root = core.root
        do throws(Errno) {
            let node =
                if let known = root.node.child("mpic") { known } else {
                    try root.makeDirectory("mpic", in: root.node)
                }
            self.node = node
            try root.makeFiles([Self.attribute], of: self, in: node, module: module)
        } catch {
            wakeup.free()
            throw error
        }
    }

    /// The driver's `fsl_wakeup_sys_exit`: the attribute goes first, and the lock is taken after that.
    public func exit() async {
        kernel.enter("fsl_wakeup_sys_exit")
        defer { kernel.leave() }
        if mutated("timer freed before its file goes") { wakeup?.free() }
        if let node { await core.root.remove("timer_wakeup", from: node) }
        guard let wakeup, !mutated("timer freed before its file goes") else { return }
        await lock.lock()
        if !kernel.isHalting, !mutated("exit leaves the timer") { stop(wakeup) }
        if mutated("timer is not freed") { return await lock.unlock() }
        if fixes.cancelsWork {
            await lock.unlock()
            // The kernel's cancel_work_sync.
            wakeup.isQueued.value = false
            await wakeup.work.wait(on: wakeup.isWorking) { !wakeup.isWorking.unchecked }
            wakeup.free()
            return
        }
        wakeup.free()
        await lock.unlock()
    }

    /// Tasks that wait for the timer know it.
    public func forget() { wakeupPointer.target = nil }

    private static let attribute = Attribute<FslMpicTimerWakeup>.readWrite(
        "timer_wakeup",
        { driver async throws(Errno) in
            driver.kernel.enter("fsl_timer_wakeup_show")
            defer { driver.kernel.leave() }
            guard let wakeup = driver.wakeup else { throw .noSuchDevice }
            return await driver.lock.withLock {
                wakeup.touch()
                let end = wakeup.timer.value
                return end == 0 ? "0\n" : "\(end - min(end, driver.now) + 1)\n"
            }
        },
        { driver, bytes async throws(Errno) in
            driver.kernel.enter("fsl_timer_wakeup_store")
            defer { driver.kernel.leave() }
            guard let seconds = try? Parse.signed(bytes, base: 0, as: Int64.self) else { throw .invalidArgument }
            guard let wakeup = driver.wakeup else { throw .noSuchDevice }
            return try await driver.lock.withLock { () async throws(Errno) in
                wakeup.touch()
                driver.stop(wakeup)
                guard seconds != 0 else { return bytes.count }
                // mpic_request_timer has no timer for a time that is none.
                guard seconds > 0, seconds < 1 << 32 else { throw .invalidArgument }
                driver.start(wakeup, seconds: UInt64(seconds))
                return bytes.count
            }
        })

    /// The kernel's `mpic_free_timer`: its interrupt comes no more. Under the lock.
    private func stop(_ wakeup: Wakeup) {
        if wakeup.timer.value != 0 { wakeup.timer.value = 0 }
        timer.isArmed.value = false
        timer.queue.wakeWaiters()
    }

    /// Starts a timer; while exploring its interrupt may come at any time. Under the lock.
    private func start(_ wakeup: Wakeup, seconds: UInt64) {
        wakeup.timer.value = now + seconds
        timer.isArmed.value = true
        if kernel.mode == .live {
            timer.alarms.started += 1
            kernel.alarm?(seconds * 1_000_000_000) { [timer, number = timer.alarms.started] in
                timer.alarms.rung = number
                timer.queue.wakeWaiters()
            }
        }
        guard !timer.hasInterrupt.value else { return }
        timer.hasInterrupt.value = true
        kernel.spawn("mpic-timer") { [self] _ in
            try? await timer.queue.waitInterruptible(on: timer.isArmed) { [timer] in
                !timer.isArmed.unchecked || timer.isDue
            }
            timer.hasInterrupt.value = false
            guard !kernel.isHalting, timer.isArmed.value || mutated("a timer that was stopped rings") else { return }
            timer.isArmed.value = false
            queueWork(wakeup)
        }
    }

    /// Seconds since boot; while exploring time stands still.
    private var now: UInt64 { kernel.mode == .live ? kernel.now / 1_000_000_000 : 0 }

    /// The interrupt's `schedule_work`: work that is queued already is not queued again.
    private func queueWork(_ wakeup: Wakeup) {
        guard !wakeup.isQueued.value else { return }
        wakeup.isQueued.value = true
        guard !wakeup.isWorking.value else { return }
        if !mutated("queued work is not counted") { wakeup.isWorking.value = true }
        kernel.spawn("kworker/0:1") { [self] _ in
            repeat {
                await kernel.step(.wake, on: wakeup.work)
                guard wakeup.isQueued.value else { break }
                wakeup.isQueued.value = false
                await freeResource(wakeup)
            } while !kernel.isHalting && wakeup.isQueued.value
            wakeup.isWorking.value = false
            wakeup.work.wakeWaiters()
        }
    }

    /// The driver's `fsl_free_resource`, in a worker.
    private func freeResource(_ wakeup: Wakeup) async {
        kernel.enter("fsl_free_resource")
        defer { kernel.leave() }
        await module.run {
            await lock.withLock {
                wakeup.touch()
                if !kernel.isHalting, kernel.current.state != .dead { stop(wakeup) }
            }
        }
    }
}
