import Foundation
import KernelCore
import Synchronization

/// What a whole exploration may take, all its phases together: time, memory, and the patience of whoever started it.
final class Budget: Sendable {
    private let clock = KernelClock()
    private let limit: (seconds: Double, memory: Int)
    private let isInterrupted: (@Sendable () -> Bool)?
    private let spent = Atomic<Bool>(false)
    private let lastLook = Atomic<UInt64>(0)
    /// What the process had before.
    private let before = Budget.resident
    /// Between two looks in the middle of something.
    private static let pause: UInt64 = 20_000_000

    init(_ options: ExploreOptions = ExploreOptions(), isInterrupted: (@Sendable () -> Bool)? = nil) {
        limit = (options.seconds, options.memory)
        self.isInterrupted = isInterrupted
    }

    /// Seconds so far.
    var seconds: Double { Double(clock.now) / 1e9 }

    /// Bytes that the process has taken since.
    var bytes: Int { max(0, Self.resident - before) }

    /// True once it is spent, or whoever started it has had enough.
    var isSpent: Bool { spent.load(ordering: .relaxed) }

    /// Looks whether it is spent.
    func look() -> Bool {
        if isSpent { return true }
        lastLook.store(clock.now, ordering: .relaxed)
        if seconds > limit.seconds || bytes > limit.memory || isInterrupted?() == true {
            spent.store(true, ordering: .relaxed)
        }
        return isSpent
    }

    /// Looks now and then; for who asks often.
    func lookNowAndThen() -> Bool {
        clock.now < lastLook.load(ordering: .relaxed) + Self.pause ? isSpent : look()
    }

    /// The process's resident set.
    private static var resident: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let words = text.split(separator: " ")
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * Int(getpagesize())
    }
}
