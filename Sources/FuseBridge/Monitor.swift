import CFuse3
import Glibc

/// A value behind a lock that can be waited for; `Synchronization.Mutex` hides what one could wait on.
final class Monitor<Value>: @unchecked Sendable {
    // Unchecked: `value` is touched only under `mutex`.
    private var value: Value
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ value: Value) {
        self.value = value
        check(pthread_mutex_init(mutex, nil))
        var attributes = pthread_condattr_t()
        check(pthread_condattr_init(&attributes))
        check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC))
        check(pthread_cond_init(changed, &attributes))
        check(pthread_condattr_destroy(&attributes))
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Changes the value and wakes who waits.
    func change<R>(_ body: (inout Value) -> R) -> R {
        check(pthread_mutex_lock(mutex))
        defer { check(pthread_mutex_unlock(mutex)) }
        let result = body(&value)
        check(pthread_cond_broadcast(changed))
        return result
    }

    /// Waits until `body` returns something; it is asked after each change and at each deadline that `until` names.
    func wait<R>(until deadline: (Value) -> UInt64?, _ body: (inout Value) -> R?) -> R {
        check(pthread_mutex_lock(mutex))
        defer { check(pthread_mutex_unlock(mutex)) }
        // A loop, because a wake-up may be spurious.
        while true {
            if let result = body(&value) { return result }
            if let time = deadline(value) {
                var stamp = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
                let error = pthread_cond_timedwait(changed, mutex, &stamp)
                precondition(error == 0 || error == ETIMEDOUT, "pthread_cond_timedwait failed with error \(error)")
            } else {
                check(pthread_cond_wait(changed, mutex))
            }
        }
    }

    private func check(_ error: Int32, _ function: StaticString = #function) {
        precondition(error == 0, "\(function) failed in pthread with error \(error)")
    }
}
