/// Runs the code of simulated tasks, on the thread that calls `drain()`, first in first out.
///
/// It is not safe to use from two threads at once: `LiveKernel` guards it with a lock, an exploration has one thread.
/// Ended Swift tasks are kept as parked workers, because starting one costs more than resuming one.
public final class KernelExecutor: TaskExecutor, @unchecked Sendable {
    // Unchecked: `ready` and `idle` are touched only by whoever holds the isolation (see above). Jobs are enqueued by
    // the Swift runtime on the thread that creates or resumes a task, which is that same thread.
    private var ready: [UnownedJob] = []
    private var next = 0
    private var idle: [Worker] = []
    private var isDraining = false

    /// An executor with no tasks.
    public init() {}

    /// Accepts a job from the Swift runtime.
    public func enqueue(_ job: consuming ExecutorJob) { ready.append(UnownedJob(job)) }

    /// Runs jobs until none is left.
    public func drain() {
        guard !isDraining else { return }
        isDraining = true
        while next < ready.count {
            let job = ready[next]
            next += 1
            if next == ready.count {
                ready.removeAll(keepingCapacity: true)
                next = 0
            }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
        isDraining = false
    }

    /// Ends the parked workers; call it once no kernel uses the executor any more.
    public func retire() {
        let workers = idle
        idle = []
        for worker in workers {
            worker.work = nil
            worker.continuation.take()?.resume()
        }
        drain()
    }

    func start(_ task: KernelTask, _ body: @escaping (KernelTask) async -> Void) {
        if let worker = idle.popLast() {
            worker.work = (task, body)
            worker.continuation.take()?.resume()
        } else {
            nonisolated(unsafe) let worker = Worker(first: (task, body))
            Task(executorPreference: self) { [self] in await worker.loop(self) }
        }
    }

    /// One Swift task that runs simulated tasks one after another.
    private final class Worker {
        typealias Work = (task: KernelTask, body: (KernelTask) async -> Void)
        var work: Work?
        var continuation: UnsafeContinuation<Void, Never>?

        init(first: Work) { work = first }

        func loop(_ executor: KernelExecutor) async {
            while work != nil {
                await run()
                executor.idle.append(self)
                await withUnsafeContinuation { continuation = $0 }
            }
        }

        // A function of its own, so that a parked worker keeps neither the task nor its kernel alive.
        private func run() async {
            guard let (task, body) = work.take(), let kernel = task.kernel else { return }
            kernel.current = task
            if kernel.mode == .exploring { await task.begin() }
            await body(task)
            kernel.ended(task)
        }
    }
}
