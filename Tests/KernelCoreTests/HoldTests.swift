import Testing

@testable import KernelCore

/// What a task holds is not counted: that must not show, whatever a driver forgets.
@Suite("Holding")
struct HoldTests {
    private let isolation = LiveIsolation()
    private let kernel: Kernel

    init() { kernel = Kernel(mode: .live, executor: isolation.executor) }

    @Test("a task that ends with a lock in hand is still its owner, and is no other task")
    func forgottenUnlock() {
        let mutex = Mutex(kernel: kernel, name: "m"), rwsem = RWSemaphore(kernel: kernel, name: "r")
        isolation.run {
            kernel.spawn("forgetful", pid: 70) { _ in
                await mutex.lock()
                await rwsem.downRead()
            }
        }
        #expect(kernel.tasks.isEmpty)
        isolation.run { for number in 0..<3 { kernel.spawn("other \(number)") { _ in } } }
        #expect(mutex.owner?.name == "forgetful")
        #expect(rwsem.holders(against: .downWrite).map(\.pid) == [70])
        isolation.run { kernel.spawn("next", pid: 71) { _ in await mutex.lock() } }
        #expect(kernel.tasks.map(\.state) == [.blocked])
        isolation.run { kernel.halt() }
        #expect(mutex.owner?.name == "forgetful")
    }

    @Test("an object that goes while it is held leaves the lists of those who held it")
    func freedWhileHeld() {
        var seen: [[String]] = []
        isolation.run {
            kernel.spawn("careless") { [kernel] task in
                let kept = Mutex(kernel: kernel, name: "kept")
                var freed: Mutex? = Mutex(kernel: kernel, name: "freed")
                await freed?.lock()
                await kept.lock()
                seen.append(task.holds.map(\.object.name))
                freed = nil
                seen.append(task.holds.map(\.object.name))
                await kept.unlock()
                seen.append(task.holds.map(\.object.name))
            }
        }
        #expect(seen == [["freed", "kept"], ["kept"], []])
        isolation.run { kernel.halt() }
    }

    @Test("locks are given back in any order, readers come several times")
    func order() {
        let a = Mutex(kernel: kernel, name: "a"), b = RWSemaphore(kernel: kernel, name: "b")
        var seen: [[String]] = []
        isolation.run {
            kernel.spawn("mixed") { task in
                await a.lock()
                for _ in 0..<9 { await b.downRead() }
                await a.unlock()
                seen.append(task.holds.map(\.object.name))
                for _ in 0..<9 { await b.upRead() }
                seen.append(task.holds.map(\.object.name))
                await b.downWrite()
                await b.upWrite()
            }
        }
        #expect(seen == [Array(repeating: "b", count: 9), []])
        #expect(kernel.tasks.isEmpty)
        isolation.run { kernel.halt() }
    }
}
