import Synchronization

/// The one isolation domain of a live kernel: threads donate themselves.
///
/// Whoever calls `run` executes the kernel's ready code on its own thread, so that an operation that does not block
/// costs no thread hop. What must not happen inside, a reply that is a system call, is handed to `afterwards`.
public final class LiveIsolation: @unchecked Sendable {
    // Unchecked: `outbox`, `last` and everything that the executor runs are touched only under `lock`.
    private let lock = HostLock()
    private var outbox: [() -> Void] = []
    private var last: [() -> Void] = []
    /// Work that was left here by threads that found the isolation taken.
    private let inbox = Synchronization.Mutex<[() -> Void]>([])
    /// How much of it there is, so that nobody needs the lock to see that there is none.
    private let waiting = Atomic<Int>(0)
    /// Runs the kernel's tasks.
    public let executor = KernelExecutor()

    /// An isolation with nothing in it.
    public init() {}

    deinit { executor.retire() }

    /// Runs `body` and then every task that is ready, in the kernel's isolation; then the replies, outside it.
    ///
    /// Never call it from within the isolation.
    public func run(_ body: () -> Void) {
        lock.acquire()
        finish(body)
        clearInbox()
    }

    /// Runs `body` as `run` does if no other thread is in the isolation, and then `reply`, outside it.
    ///
    /// - Returns: false if one is; nothing was run then: `leave` it.
    public func tryRun(_ body: () -> Void, then reply: () -> Void) -> Bool {
        guard lock.tryAcquire() else { return false }
        finish(body)
        reply()
        clearInbox()
        return true
    }

    /// Has `body` run in the isolation by the thread that is in there, or by this one if it has left meanwhile.
    ///
    /// Many short operations get along so with no thread ever waiting for another.
    public func leave(_ body: @escaping () -> Void) {
        inbox.withLock { [body = UncheckedWork(body)] in $0.append(body.run) }
        waiting.add(1, ordering: .sequentiallyConsistent)
        clearInbox()
    }

    /// Runs `body` in the isolation and returns what it returns.
    public func read<R>(_ body: () -> R) -> R {
        var result: R?
        run { result = body() }
        return result!
    }

    /// Runs `body` in the isolation once no task is ready: what a task wants done that ends tasks, such as a reboot.
    public func whenQuiet(_ body: @escaping () -> Void) { last.append(body) }

    /// Runs `reply` once the isolation has been left. Call it from within.
    public func afterwards(_ reply: @escaping () -> Void) { outbox.append(reply) }

    /// Leaves the isolation from within a task, as if it had ended; pair it with `unpause()`.
    ///
    /// - Returns: false if there is something to do in the isolation first; then it was not left.
    public func pause() -> Bool {
        guard executor.hasNoOther, outbox.isEmpty, last.isEmpty else { return false }
        executor.pause()
        lock.release()
        // Looked at behind the release: whoever left work before that may count on this thread.
        if waiting.load(ordering: .sequentiallyConsistent) == 0 { return true }
        unpause()
        return false
    }

    /// Comes back.
    public func unpause() {
        lock.acquire()
        executor.unpause()
    }

    /// Does what is to be done under the lock, which the caller took; gives it back, and replies.
    private func finish(_ body: () -> Void) {
        var replies: [() -> Void] = []
        body()
        executor.drain()
        if waiting.load(ordering: .relaxed) > 0 { runInbox() }
        if !last.isEmpty { runLast() }
        swap(&replies, &outbox)
        lock.release()
        for reply in replies { reply() }
    }

    /// Whoever fails to get the lock may go: the one who has it looks again when it has given it back.
    private func clearInbox() {
        while waiting.load(ordering: .sequentiallyConsistent) > 0, lock.tryAcquire() { finish {} }
    }

    private func runInbox() {
        let work = inbox.withLock { inbox in
            defer { inbox = [] }
            return UncheckedList(inbox)
        }
        waiting.subtract(work.list.count, ordering: .sequentiallyConsistent)
        for one in work.list {
            one()
            executor.drain()
        }
    }

    private func runLast() {
        while !last.isEmpty {
            last.removeFirst()()
            executor.drain()
        }
    }
}

/// Work on its way into the isolation: it is handed over, never shared.
private struct UncheckedWork: @unchecked Sendable {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}

private struct UncheckedList: @unchecked Sendable {
    let list: [() -> Void]

    init(_ list: [() -> Void]) { self.list = list }
}
