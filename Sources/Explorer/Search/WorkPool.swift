import Foundation
import Synchronization

/// Branches that wait for a thread; idle threads make busy ones give some away.
final class WorkPool: @unchecked Sendable {
    // Unchecked: `waiting` and `idle` are touched under `condition` alone.
    /// A branch: the schedule up to and with its first step, and who sleeps before that step.
    struct Branch: Sendable {
        var path: [UInt8]
        var sleeping: [Sleeper] = []
        /// What it is of the whole, if each step that can be tried counts alike.
        var weight = 1.0
    }

    private let condition = NSCondition()
    private var waiting: [Branch]
    private var idle = 0
    private let threads: Int
    private let hunger = Atomic<Bool>(false)
    private let stopped = Atomic<Bool>(false)

    init(threads: Int, first: [Branch]) {
        self.threads = threads
        waiting = first
    }

    /// True if somebody has nothing to do.
    @inline(__always)
    var isHungry: Bool { hunger.load(ordering: .relaxed) }
    /// True if everybody is to stop.
    @inline(__always)
    var isStopped: Bool { stopped.load(ordering: .relaxed) }

    /// Makes everybody stop.
    func stop() {
        stopped.store(true, ordering: .relaxed)
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }

    func give(_ branch: Branch) {
        condition.lock()
        waiting.append(branch)
        hunger.store(false, ordering: .relaxed)
        condition.signal()
        condition.unlock()
    }

    /// What is left when everybody was stopped.
    var remaining: [Branch] { waiting }

    /// The next branch; nil when all is done.
    func take() -> Branch? {
        condition.lock()
        defer { condition.unlock() }
        idle += 1
        while waiting.isEmpty {
            if idle == threads || isStopped {
                condition.broadcast()
                return nil
            }
            hunger.store(true, ordering: .relaxed)
            condition.wait()
        }
        if isStopped { return nil }
        idle -= 1
        return waiting.removeFirst()
    }
}
