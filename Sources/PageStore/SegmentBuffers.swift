import Glibc
import Synchronization

/// The segments of a volatile image that disks append to, in memory until they are full: small records then cost a
/// copy, not a system call that waits for other writers of the file.
///
/// A slot holds one segment. Writers fill disjoint parts of it; who reads holds the slot's lock, so that it is not
/// given to another segment meanwhile.
final class SegmentBuffers: @unchecked Sendable {
    // Unchecked: a part of the memory belongs to the write that reserved it, and is not changed once a table points
    // to it.
    static let count = 8
    private let memory: UnsafeMutableRawPointer
    private let locks = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: count)
    /// Which segment a slot holds; 0 for none.
    private let holds = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: count)

    /// Nil if there is no memory for it.
    init?() {
        guard let memory = try? PageMap.map(Self.count * LogState.segmentSize) else { return nil }
        self.memory = memory
        for slot in 0..<Self.count {
            let error = pthread_rwlock_init(locks + slot, nil)
            precondition(error == 0, "pthread_rwlock_init failed with error \(error)")
            (holds + slot).initialize(to: Atomic(0))
        }
    }

    deinit {
        for slot in 0..<Self.count { pthread_rwlock_destroy(locks + slot) }
        locks.deallocate()
        holds.deinitialize(count: Self.count)
        holds.deallocate()
        munmap(memory, Self.count * LogState.segmentSize)
    }

    /// Where a slot's segment begins.
    @inline(__always)
    func start(of slot: Int) -> UnsafeMutableRawPointer { memory + slot * LogState.segmentSize }

    /// Gives a slot that holds nothing to a segment.
    func open(_ slot: Int, for segment: Int) { holds[slot].store(segment, ordering: .releasing) }

    /// Takes the slot from its segment, which is in the file now; waits for its readers.
    func close(_ slot: Int) {
        pthread_rwlock_wrlock(locks + slot)
        holds[slot].store(0, ordering: .releasing)
        pthread_rwlock_unlock(locks + slot)
    }

    /// Copies a piece of one segment; false if none of the slots holds it, because it is in the file.
    @inline(__always)
    func read(_ extent: Extent, into target: UnsafeMutableRawPointer) -> Bool {
        let segment = LogState.segment(of: extent.offset)
        for slot in 0..<Self.count where holds[slot].load(ordering: .acquiring) == segment {
            pthread_rwlock_rdlock(locks + slot)
            defer { pthread_rwlock_unlock(locks + slot) }
            guard holds[slot].load(ordering: .relaxed) == segment else { return false }
            let offset = Int(extent.offset % UInt64(LogState.segmentSize))
            target.copyMemory(from: start(of: slot) + offset, byteCount: extent.bytes)
            return true
        }
        return false
    }
}
