import CFuse3
import Glibc
import KernelCore
import Kernfs
import SystemPackage

/// The flock(2) locks of files that several inodes of the FUSE kernel may stand for. The kernel's `flock_lock_inode`.
struct FileLocks {
    private struct Holders {
        var exclusive: ObjectIdentifier?
        var shared: Set<ObjectIdentifier> = []

        var isEmpty: Bool { exclusive == nil && shared.isEmpty }
    }

    private var holders: [ObjectIdentifier: Holders] = [:]
    private var waiters: [LockWaiter] = []

    /// Takes the lock for an open file, in place of the one that it has: that one is lost, whatever comes of it.
    /// - Returns: false if somebody else's lock is in the way.
    mutating func take(_ file: OpenFile, isExclusive: Bool) -> Bool {
        let (key, me) = (file.lockKey, ObjectIdentifier(file))
        var list = holders[key] ?? Holders()
        if list.exclusive == me { list.exclusive = nil }
        list.shared.remove(me)
        let isFree = list.exclusive == nil && (!isExclusive || list.shared.isEmpty)
        if isFree, isExclusive { list.exclusive = me } else if isFree { list.shared.insert(me) }
        holders[key] = list.isEmpty ? nil : list
        return isFree
    }

    /// The open file's lock ends, and those who waited for it get theirs, in the order in which they came.
    /// - Returns: who does.
    mutating func drop(_ file: OpenFile) -> [LockWaiter] {
        let (key, me) = (file.lockKey, ObjectIdentifier(file))
        guard var list = holders[key] else { return [] }
        if list.exclusive == me { list.exclusive = nil }
        list.shared.remove(me)
        holders[key] = list.isEmpty ? nil : list
        return next(key)
    }

    /// Those who get a lock on the file now that something has changed.
    mutating func next(_ key: ObjectIdentifier) -> [LockWaiter] {
        var granted: [LockWaiter] = []
        for waiter in waiters where waiter.file.lockKey == key {
            if take(waiter.file, isExclusive: waiter.isExclusive) { granted.append(waiter) }
        }
        waiters.removeAll { waiter in granted.contains { $0 === waiter } }
        return granted
    }

    mutating func wait(_ waiter: LockWaiter) { waiters.append(waiter) }

    /// - Returns: the waiter of that ticket, which waits no longer.
    mutating func leave(_ ticket: UInt64) -> LockWaiter? {
        guard let place = waiters.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return waiters.remove(at: place)
    }

    /// Nobody waits any longer.
    mutating func leaveAll() -> [LockWaiter] {
        defer { waiters = [] }
        return waiters
    }
}

/// Somebody who waits for a lock. Touched in the isolation, but for the answer.
final class LockWaiter {
    let file: OpenFile
    let isExclusive: Bool
    let ticket: UInt64
    private var request: Request?

    init(_ request: consuming Request, _ file: OpenFile, isExclusive: Bool, ticket: UInt64) {
        self.file = file
        self.isExclusive = isExclusive
        self.ticket = ticket
        self.request = consume request
    }

    /// Has `post` called when the caller gets a signal.
    func onInterrupt(_ post: fuse_interrupt_func_t) { request?.onInterrupt(ticket, post) }

    /// Outside the isolation.
    func answer(_ error: Errno?) {
        guard let request = request.take() else { return }
        if let error { request.fail(error) } else { request.succeed() }
    }
}

extension Bridge {
    /// flock(2).
    func lock(_ request: consuming Request, _ handle: UInt64, _ operation: Int32) {
        let file = OpenFile.handle(handle).takeUnretainedValue()
        let isExclusive = operation & LOCK_EX != 0
        var error: Errno?
        var waits = false
        let ticket = isolation.read {
            lockTickets += 1
            return lockTickets
        }
        let waiter = LockWaiter(request, file, isExclusive: isExclusive, ticket: ticket)
        isolation.run {
            if operation & LOCK_UN != 0 { return unlock(file) }
            if locks.take(file, isExclusive: isExclusive) { return grant(locks.next(file.lockKey)) }
            // The lock that it had is gone.
            grant(locks.next(file.lockKey))
            if operation & LOCK_NB != 0 { error = .wouldBlock } else { waits = true }
            guard waits else { return }
            locks.wait(waiter)
            // libfuse may call back at once, with its own lock held.
            waiter.onInterrupt { Bridge.of($0).attendant.post(lockInterrupt: UInt64(UInt(bitPattern: $1))) }
        }
        if !waits { waiter.answer(error) }
    }

    /// The open file's lock ends; in the isolation.
    func unlock(_ file: OpenFile) { grant(locks.drop(file)) }

    private func grant(_ waiters: [LockWaiter]) {
        for waiter in waiters { isolation.afterwards { waiter.answer(nil) } }
    }

    /// Who waits for a lock got a signal.
    func lockInterrupted(_ ticket: UInt64) {
        isolation.read { locks.leave(ticket) }?.answer(.interrupted)
    }
}
