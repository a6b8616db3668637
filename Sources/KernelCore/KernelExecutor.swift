import CKernelCoreShims

/// Runs the code of simulated tasks, on the thread that calls `drain()`, first in first out.
///
/// It is not safe to use from two threads at once: `LiveIsolation` guards it with a lock, an exploration has one
/// thread. Ended Swift tasks are kept as parked workers, because starting one costs more than resuming one.
///
/// The tasks ask for no executor: what a thread makes ready while it is in here comes here, by the runtime's hook. A
/// `TaskExecutor` preference would do the same, but then each return from a call that the compiler cannot see through
/// looks the preference up under a lock: half the time of a knob operation.
public final class KernelExecutor: @unchecked Sendable {
    // Unchecked: `jobs` and `idle` are touched only by whoever holds the isolation (see above).
    private let jobs = kc_jobs_new()!
    private var idle: [Worker] = []
    /// True while the code of a task runs.
    private(set) var isDraining = false

    /// The runtime's executor for code that asks for none, on whatever thread it runs.
    private static let generic = unsafeBitCast((UInt(0), UInt(0)), to: UnownedSerialExecutor.self)

    /// An executor with no tasks.
    public init() {}

    deinit { kc_jobs_free(jobs) }

    /// Runs jobs until none is left.
    public func drain() {
        guard !isDraining else { return }
        isDraining = true
        inside {
            while let job = kc_jobs_next(jobs) {
                unsafeBitCast(job, to: UnownedJob.self).runSynchronously(on: Self.generic)
            }
        }
        isDraining = false
    }

    /// True if nothing but the code that runs now is ready.
    var hasNoOther: Bool { kc_jobs_count(jobs) == 0 }

    /// The code that runs now, on this thread, leaves the isolation for a while: others may drain meanwhile.
    func pause() {
        isDraining = false
        _ = kc_jobs_enter(nil)
    }

    /// It is back.
    func unpause() {
        isDraining = true
        _ = kc_jobs_enter(jobs)
    }

    /// Ends the parked workers; call it once no kernel uses the executor any more.
    public func retire() {
        let workers = idle
        idle = []
        for worker in workers {
            resume(worker.continuation.take())
        }
        drain()
    }

    /// Makes a suspended task ready.
    @inline(__always)
    func resume(_ continuation: UnsafeContinuation<Void, Never>?) {
        inside { continuation?.resume() }
    }

    /// Has the task run; its kernel keeps it meanwhile.
    func start(_ task: Unmanaged<KernelTask>, _ work: KernelWork) {
        if let worker = idle.popLast() {
            worker.task = task
            worker.work = work
            resume(worker.continuation.take())
        } else {
            nonisolated(unsafe) let worker = Worker(task, work)
            inside { _ = Task.detached { [self] in await worker.loop(self) } }
        }
    }

    /// What `body` makes ready is run by this executor.
    @inline(__always)
    private func inside(_ body: () -> Void) {
        let before = kc_jobs_enter(jobs)
        body()
        _ = kc_jobs_enter(before)
    }

    /// One Swift task that runs simulated tasks one after another. Parked, it keeps neither a task nor a kernel alive.
    private final class Worker {
        var task: Unmanaged<KernelTask>?
        var work: KernelWork?
        var continuation: UnsafeContinuation<Void, Never>?

        init(_ task: Unmanaged<KernelTask>, _ work: KernelWork) {
            self.task = task
            self.work = work
        }

        @inline(__always)
        private func run(_ first: Unmanaged<KernelTask>, _ work: KernelWork) async {
            guard let kernel = first._withUnsafeGuaranteedRef({ $0.kernel }) else { return }
            var (task, work) = (first, work)
            while true {
                kernel.running = task
                if kernel.mode == .exploring { await kernel.current.begin() }
                await work.run(in: task.takeUnretainedValue())
                kernel.ended(task)
                guard kernel.mode == .live, let next = work.next() else { return }
                task = kernel.bear("", next.pid)
                work = next.work
            }
        }

        func loop(_ executor: KernelExecutor) async {
            while task != nil {
                if let task = task.take(), let work = work.take() { await run(task, work) }
                executor.idle.append(self)
                await withUnsafeContinuation { continuation = $0 }
            }
        }
    }
}
