import Glibc
import Synchronization

/// A thread for what no writer should wait for: full segments on their way to the file, holes, cleaning.
///
/// It sleeps until somebody wakes it, and ends with `stop`.
final class Housekeeper: @unchecked Sendable {
    // Unchecked: all of these are accessed under the mutex.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isWanted = false
    private var isBusy = false
    private var isRunning = false
    private var isStopping = false

    private enum State {
        static let off = 0
        static let idle = 1
        /// Somebody has woken the thread, and it has not begun yet: who else wants it need not say so.
        static let awaited = 2
    }
    private let state = Atomic(State.off)

    init() {
        check(pthread_mutex_init(mutex, nil))
        check(pthread_cond_init(condition, nil))
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    private final class Work: Sendable {
        let keeper: Housekeeper
        let body: @Sendable () -> Void
        init(_ keeper: Housekeeper, _ body: @escaping @Sendable () -> Void) {
            self.keeper = keeper
            self.body = body
        }
    }

    /// Starts the thread; without one, if the host has none to give, `wake` says so.
    /// - Parameter work: done at least once after each `wake`.
    func start(_ work: @escaping @Sendable () -> Void) {
        let argument = Unmanaged.passRetained(Work(self, work))
        // Signals are for threads that know of them; a new one has the mask of its maker.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        check(pthread_sigmask(SIG_SETMASK, &all, &before))
        defer { check(pthread_sigmask(SIG_SETMASK, &before, nil)) }
        isRunning = true
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { argument in
                let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
                work.keeper.run(work.body)
                return nil
            }, argument.toOpaque())
        guard error == 0 else {
            isRunning = false
            return argument.release()
        }
        check(pthread_detach(thread))
        state.store(State.idle, ordering: .releasing)
    }

    /// Has the work be done soon; false if there is no thread that could.
    @inline(__always)
    func wake() -> Bool {
        let found = state.load(ordering: .relaxed)
        return found == State.awaited || found == State.idle && signal()
    }

    private func signal() -> Bool {
        let (isFirst, found) = state.compareExchange(
            expected: State.idle, desired: State.awaited, ordering: .acquiringAndReleasing)
        guard isFirst else { return found == State.awaited }
        check(pthread_mutex_lock(mutex))
        defer { check(pthread_mutex_unlock(mutex)) }
        if isStopping { return false }
        isWanted = true
        check(pthread_cond_broadcast(condition))
        return true
    }

    /// Waits until all that it was woken for is done. Not to be called by the work.
    func wait() {
        check(pthread_mutex_lock(mutex))
        while isWanted || isBusy { check(pthread_cond_wait(condition, mutex)) }
        check(pthread_mutex_unlock(mutex))
    }

    /// Waits for the work that is under way, and ends the thread; what is not begun is not done, and `wake` says so from
    /// now on. Not to be called by the work.
    func stop() {
        state.store(State.off, ordering: .sequentiallyConsistent)
        check(pthread_mutex_lock(mutex))
        isStopping = true
        isWanted = false
        check(pthread_cond_broadcast(condition))
        while isRunning { check(pthread_cond_wait(condition, mutex)) }
        check(pthread_mutex_unlock(mutex))
    }

    private func run(_ work: () -> Void) {
        check(pthread_mutex_lock(mutex))
        while true {
            // A loop, because a wait may end without a signal.
            while !isWanted, !isStopping { check(pthread_cond_wait(condition, mutex)) }
            if isStopping { break }
            (isWanted, isBusy) = (false, true)
            check(pthread_mutex_unlock(mutex))
            // Before the work, which finds what those did who saw that it is awaited.
            _ = state.compareExchange(
                expected: State.awaited, desired: State.idle, ordering: .acquiringAndReleasing)
            work()
            check(pthread_mutex_lock(mutex))
            isBusy = false
            check(pthread_cond_broadcast(condition))
        }
        isRunning = false
        check(pthread_cond_broadcast(condition))
        check(pthread_mutex_unlock(mutex))
    }
}

/// A thread function says that it was misused.
@inline(__always)
private func check(_ error: Int32) {
    precondition(error == 0, "a thread function failed with error \(error)")
}
