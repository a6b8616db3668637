import Glibc

/// A fixed array of mutexes, each on a cache line of its own; run `r` of a table belongs to lock `r % count`.
///
/// Nobody takes a second lock while holding one, except `withAll`, which takes them in order.
struct StripedLocks: ~Copyable, @unchecked Sendable {
    // Sendable: the memory is only ever handed to pthread functions.
    private let locks: UnsafeMutableRawPointer
    // `withAll` and the locks around it stay below 64, the most that the thread sanitizer can follow in one thread.
    private static let count: UInt64 = 53
    private static let stride = 64

    init() {
        locks = .allocate(byteCount: Int(Self.count) * Self.stride, alignment: Self.stride)
        for index in 0..<Self.count {
            let error = pthread_mutex_init(lock(index), nil)
            precondition(error == 0, "pthread_mutex_init failed with error \(error)")
        }
    }

    deinit {
        for index in 0..<Self.count { pthread_mutex_destroy(lock(index)) }
        locks.deallocate()
    }

    @inline(__always)
    private func lock(_ index: UInt64) -> UnsafeMutablePointer<pthread_mutex_t> {
        (locks + Int(index) * Self.stride).assumingMemoryBound(to: pthread_mutex_t.self)
    }

    /// Runs the body while holding the lock of the page's run.
    @inline(__always)
    borrowing func withLock<Result, Failure: Error>(
        of page: UInt64,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let mutex = lock((page >> PageGeometry.runShift) % Self.count)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Runs the body while no other thread is inside any lock.
    borrowing func withAll<Result>(_ body: () -> Result) -> Result {
        for index in 0..<Self.count { pthread_mutex_lock(lock(index)) }
        defer { for index in 0..<Self.count { pthread_mutex_unlock(lock(index)) } }
        return body()
    }
}
