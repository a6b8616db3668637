import Glibc

/// A lock between threads of the host.
///
/// `Synchronization.Mutex` hands itself over to who has waited longest, which costs a context switch for each of many
/// short holds; this one may be taken by whoever comes first.
final class HostLock: @unchecked Sendable {
    // Unchecked: the address never changes and the C library guards what lies there.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() { check(pthread_mutex_init(lock, nil)) }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    func acquire() { check(pthread_mutex_lock(lock)) }

    func release() { check(pthread_mutex_unlock(lock)) }

    /// - Returns: false if another thread has it.
    func tryAcquire() -> Bool { pthread_mutex_trylock(lock) == 0 }

    private func check(_ error: Int32, _ function: StaticString = #function) {
        precondition(error == 0, "\(function) failed in pthread_mutex with error \(error)")
    }
}
