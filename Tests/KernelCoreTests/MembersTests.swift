import Testing

@testable import KernelCore

private final class Device: KernelMemory {
    let lock: Mutex
    let rwsem: RWSemaphore
    let queue: WaitQueue
    let guarded: Guarded<UInt64>
    let racy: Racy<UInt64>
    let other: Pointer<KernelMemory>

    init(_ kernel: Kernel) {
        let members = Members(kernel)
        let lock = Mutex(kernel: kernel, name: "lock", in: members)
        self.lock = lock
        rwsem = RWSemaphore(kernel: kernel, name: "rwsem", in: members)
        queue = WaitQueue(kernel: kernel, name: "queue", in: members)
        guarded = Guarded(0, in: members, name: "guarded") { true }
        racy = Racy(0, in: members, name: "racy")
        other = Pointer(in: members, name: "other")
        super.init(kernel: kernel, kind: "struct device", members: members)
    }
}

/// Its lock is said to be the kernel's own.
private final class Careless: KernelMemory {
    let lock: Mutex
    init(_ kernel: Kernel) {
        lock = Mutex(kernel: kernel, name: "lock")
        super.init(kernel: kernel, kind: "struct careless", members: Members(kernel))
    }
}

/// Nobody knows that it points to other memory.
private final class Secretive: KernelMemory {
    let other: KernelMemory?
    init(_ kernel: Kernel, _ other: KernelMemory?) {
        self.other = other
        super.init(kernel: kernel, kind: "struct secretive", members: Members(kernel))
    }
}

@Suite("what is declared in memory goes with it") struct MembersTests {
    private nonisolated(unsafe) static let uses: [(String, (Device) async -> Void)] = [
        ("lock", { await $0.lock.lock() }), ("unlock", { await $0.lock.unlock() }),
        ("trylock", { _ = await $0.lock.tryLock() }), ("down_read", { await $0.rwsem.downRead() }),
        ("down_write", { await $0.rwsem.downWrite() }), ("wait", { await $0.queue.wait { true } }),
        ("get", { _ = $0.guarded.value }), ("set", { $0.guarded.value = 1 }),
        ("unlocked", { _ = await $0.guarded.loadUnlocked() }), ("load", { _ = await $0.racy.load() }),
        ("store", { await $0.racy.store(1) }), ("update", { await $0.racy.update { $0 = 1 } }),
        ("pointer", { _ = $0.other.target }),
    ]

    @Test(
        "a step on a member of freed memory is a page fault", arguments: uses.indices, [Kernel.Mode.live, .exploring])
    func faults(use: Int, mode: Kernel.Mode) {
        let executor = KernelExecutor()
        let kernel = Kernel(mode: mode, executor: executor)
        var faults: [String] = []
        kernel.onEvent = { if case .oops(let oops) = $0 { faults.append(oops.what) } }
        let device = Device(kernel)
        device.free()
        let task = kernel.spawn("task") { _ in await Self.uses[use].1(device) }
        executor.drain()
        while kernel.isEnabled(task) { kernel.resume(task) }
        #expect(faults == ["struct device"], "\(Self.uses[use].0)")
        kernel.halt()
        executor.retire()
    }

    @Test("who waits for a lock of memory that is freed meanwhile faults as well") func waiter() {
        let executor = KernelExecutor()
        let kernel = Kernel(mode: .exploring, executor: executor)
        var faults: [String] = []
        kernel.onEvent = { if case .oops(let oops) = $0 { faults.append(oops.task.name) } }
        let device = Device(kernel)
        let holder = kernel.spawn("holder") { _ in
            await device.lock.lock()
            device.free()
        }
        let waiter = kernel.spawn("waiter") { _ in await device.lock.lock() }
        executor.drain()
        for _ in 0..<2 { kernel.resume(holder) }
        kernel.resume(waiter)
        #expect(kernel.isEnabled(waiter))
        kernel.resume(waiter)
        #expect(faults == ["waiter"])
        kernel.halt()
        executor.retire()
    }

    @Test("a lock that is not declared in its memory, and a pointer that is none, trap")
    func careless() async {
        await #expect(processExitsWith: .failure) {
            let kernel = Kernel(mode: .live, executor: KernelExecutor())
            _ = Careless(kernel)
        }
        await #expect(processExitsWith: .failure) {
            let kernel = Kernel(mode: .live, executor: KernelExecutor())
            _ = Secretive(kernel, nil)
        }
    }
}
