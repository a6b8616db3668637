import Synchronization

/// The one isolation domain of a live kernel: threads donate themselves.
///
/// Whoever calls `run` executes the kernel's ready code on its own thread, so that an operation that does not block
/// costs no thread hop. What must not happen inside, a reply that is a system call, is handed to `afterwards`.
public final class LiveIsolation: @unchecked Sendable {
    // Unchecked: `outbox`, `last` and everything that the executor runs are touched only under `lock`.
    private let lock = Synchronization.Mutex<Void>(())
    private var outbox: [() -> Void] = []
    private var last: [() -> Void] = []
    /// Runs the kernel's tasks.
    public let executor = KernelExecutor()

    /// An isolation with nothing in it.
    public init() {}

    /// Runs `body` and then every task that is ready, in the kernel's isolation; then the replies, outside it.
    ///
    /// Never call it from within the isolation.
    public func run(_ body: () -> Void) {
        var replies: [() -> Void] = []
        lock.withLock { _ in
            body()
            executor.drain()
            if !last.isEmpty { runLast() }
            swap(&replies, &outbox)
        }
        for reply in replies { reply() }
    }

    /// Runs `body` in the isolation and returns what it returns.
    public func read<R>(_ body: () -> R) -> R {
        var result: R?
        run { result = body() }
        return result!
    }

    /// Runs `body` in the isolation once no task is ready: what a task wants done that ends tasks, such as a reboot.
    public func whenQuiet(_ body: @escaping () -> Void) { last.append(body) }

    private func runLast() {
        while !last.isEmpty {
            last.removeFirst()()
            executor.drain()
        }
    }

    /// Runs `reply` once the isolation has been left. Call it from within.
    public func afterwards(_ reply: @escaping () -> Void) { outbox.append(reply) }
}
