import Testing

@testable import KernelCore

/// Two tasks take two mutexes in opposite orders.
private func abba(_ kernel: Kernel) -> (Mutex, Mutex) {
    let a = Mutex(kernel: kernel, name: "a")
    let b = Mutex(kernel: kernel, name: "b")
    kernel.spawn("left") { _ in
        await a.lock()
        await b.lock()
        await b.unlock()
        await a.unlock()
    }
    kernel.spawn("right") { _ in
        await b.lock()
        await a.lock()
        await a.unlock()
        await b.unlock()
    }
    kernel.executor.drain()
    return (a, b)
}

@Suite("Scheduling")
struct SchedulingTests {
    @Test("a hand-written schedule runs two tasks into the deadlock")
    func handWritten() {
        let kernel = Kernel(mode: .exploring, executor: KernelExecutor())
        let (a, b) = abba(kernel)
        // Start and first lock of each, in turn; then nobody can go on.
        for place in [0, 1, 0, 1] {
            #expect(kernel.isEnabled(kernel.tasks[place]))
            kernel.resume(kernel.tasks[place])
        }
        #expect(kernel.tasks.map { kernel.isEnabled($0) } == [false, false])
        #expect(a.owner === kernel.tasks[0] && b.owner === kernel.tasks[1])
        kernel.halt()
    }

    @Test("the same tasks end when one runs before the other")
    func sequential() {
        let kernel = Kernel(mode: .exploring, executor: KernelExecutor())
        _ = abba(kernel)
        for place in [0, 1] {
            while kernel.tasks[place].state != .ended {
                #expect(kernel.isEnabled(kernel.tasks[place]))
                kernel.resume(kernel.tasks[place])
            }
        }
        kernel.halt()
    }

    @Test("live tasks run through at once, in order, and lockdep sees the inversion")
    func live() {
        let isolation = LiveIsolation()
        let kernel = Kernel(mode: .live, executor: isolation.executor)
        var inversions: [LockInversion] = []
        kernel.onEvent = { if case .inversion(let inversion) = $0 { inversions.append(inversion) } }
        isolation.run { _ = abba(kernel) }
        #expect(kernel.tasks.isEmpty)
        #expect(inversions.count == 1)
        #expect(inversions.first?.wanted.name == "a")
        #expect(inversions.first?.chain.map(\.to.name) == ["b"])
        isolation.run { kernel.halt() }
    }

    @Test("a live wait that closes a cycle is reported with every party")
    func liveCycle() throws {
        let isolation = LiveIsolation()
        let kernel = Kernel(mode: .live, executor: isolation.executor)
        var cycles: [WaitCycle] = []
        kernel.onEvent = { if case .cycle(let cycle) = $0 { cycles.append(cycle) } }
        isolation.run {
            _ = Mutex(kernel: kernel, name: "a")
            kernel.points.hold(kernel.points.byName["a.lock.done"]!, count: 1)
            _ = abba(kernel)
        }
        #expect(cycles.isEmpty)
        // "right" waits for a, which "left" holds at the gate; let it on and it wants b.
        isolation.run { kernel.points.go(kernel.points.byName["a.lock.done"]!) }
        try #require(cycles.count == 1)
        #expect(Set(cycles[0].parties.map(\.task.name)) == ["left", "right"])
        #expect(kernel.tasks.count == 2)
        isolation.run { kernel.halt() }
        #expect(kernel.tasks.isEmpty)
    }

    @Test("tearing a kernel down leaks neither it nor its tasks")
    func tearDown() {
        let executor = KernelExecutor()
        weak var forgotten: Kernel?
        for _ in 0..<10 {
            let kernel = Kernel(mode: .exploring, executor: executor)
            forgotten = kernel
            _ = abba(kernel)
            for place in [0, 1, 0, 1] { kernel.resume(kernel.tasks[place]) }
            kernel.halt()
        }
        #expect(forgotten == nil)
        executor.retire()
    }

    @Test("ten thousand blocked tasks cost no threads and leave with the instance")
    func manyBlocked() {
        let isolation = LiveIsolation()
        let kernel = Kernel(mode: .live, executor: isolation.executor)
        var finished = 0
        isolation.run {
            let lock = Mutex(kernel: kernel, name: "a")
            kernel.spawn("holder") { _ in
                await lock.lock()
                await WaitQueue(kernel: kernel, name: "never").wait { false }
                finished += 1
            }
            for _ in 0..<10_000 {
                kernel.spawn("waiter") { _ in
                    await lock.withLock {}
                    finished += 1
                }
            }
        }
        #expect(kernel.tasks.count == 10_001 && finished == 0)
        isolation.run { kernel.halt() }
        #expect(finished == 10_001)
    }
}
