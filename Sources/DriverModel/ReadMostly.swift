import Glibc

/// A value that many threads read all the time, and one replaces now and then.
///
/// A `Mutex` of the library hands itself over to who has waited longest: threads that only look would wait for each
/// other's turns.
struct ReadMostly<Value>: ~Copyable, @unchecked Sendable {
    // Sendable: the value is reached under the lock only.
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>
    private let value: UnsafeMutablePointer<Value>

    init(_ initial: Value) {
        lock = .allocate(capacity: 1)
        value = .allocate(capacity: 1)
        let error = pthread_rwlock_init(lock, nil)
        precondition(error == 0, "pthread_rwlock_init failed with error \(error)")
        value.initialize(to: initial)
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    @inline(__always)
    borrowing func read<Result>(_ body: (borrowing Value) -> Result) -> Result {
        pthread_rwlock_rdlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        return body(value.pointee)
    }

    borrowing func change(_ body: (inout Value) -> Void) {
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        body(&value.pointee)
    }
}
