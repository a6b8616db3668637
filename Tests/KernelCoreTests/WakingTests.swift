import Testing

@testable import KernelCore

/// Explored tasks: who waits is woken or sleeps for ever, and a waiting writer comes before new readers.
@Suite("waking and queueing") struct WakingTests {
    private func explore(_ body: (Kernel) -> Void) {
        let executor = KernelExecutor()
        let kernel = Kernel(mode: .exploring, executor: executor)
        body(kernel)
        kernel.halt()
        executor.retire()
    }

    @Test("a waiter goes on when it is woken, and not before", arguments: [false, true])
    func wakeUp(isWoken: Bool) {
        explore { kernel in
            let queue = WaitQueue(kernel: kernel, name: "queue")
            var isReady = false
            let waiter = kernel.spawn("waiter") { _ in await queue.wait { isReady } }
            kernel.executor.drain()
            kernel.resume(waiter)  // Born.
            kernel.resume(waiter)  // Looks, and sleeps.
            #expect(!kernel.isEnabled(waiter))
            isReady = true
            if isWoken { queue.wakeWaiters() }
            #expect(kernel.isEnabled(waiter) == isWoken)
            if isWoken { kernel.resume(waiter) }
            #expect((waiter.state == .ended) == isWoken)
        }
    }

    @Test("a reader, a waiting writer, and the reader again: a deadlock; without the writer none")
    func readerWriterReader() {
        explore { kernel in
            let lock = RWSemaphore(kernel: kernel, name: "lock")
            let reader = kernel.spawn("reader") { _ in
                await lock.downRead()
                await lock.downRead()
            }
            let writer = kernel.spawn("writer") { _ in await lock.downWrite() }
            kernel.executor.drain()
            kernel.resume(reader)
            kernel.resume(writer)
            kernel.resume(reader)  // Reads.
            #expect(kernel.isEnabled(reader) && kernel.isEnabled(writer))
            kernel.resume(writer)  // Finds a reader, and waits.
            #expect(!kernel.isEnabled(reader) && !kernel.isEnabled(writer))
            #expect(lock.holders(against: .downRead).first === writer)
            #expect(lock.holders(against: .downWrite).first === reader)
        }
    }
}
