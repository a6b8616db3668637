/// Random delays at the steps of a live kernel, so that races are met that the host's scheduler alone seldom makes.
///
/// One seed draws the same delays in the same order. Which task comes to take which of them is still the host's choice.
public final class Jitter {
    /// The seed that it was made from.
    public let seed: UInt64
    /// The longest delay, in nanoseconds.
    public let longest: UInt64
    private var state: UInt64

    /// One step in so many is delayed.
    private static let rarity: UInt64 = 4

    /// - Parameter longest: nanoseconds, above 0.
    public init(seed: UInt64, longest: UInt64) {
        self.seed = seed
        self.longest = longest
        state = seed
    }

    /// The next delay, in nanoseconds; mostly 0.
    public func next() -> UInt64 {
        guard draw() % Self.rarity == 0 else { return 0 }
        return draw() % longest + 1
    }

    /// SplitMix64.
    private func draw() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

extension Kernel {
    /// Stops the task for a while before a step, if `jitter` says so.
    func delay(_ task: KernelTask) async {
        guard let jitter, let alarm, task.state == .running, !isHalting else { return }
        let time = jitter.next()
        guard time > 0 else { return }
        task.state = .held
        task.pending = Pending(operation: .sleep, object: delays, since: now, file: "", line: 0)
        var isOver = false
        alarm(time) {
            isOver = true
            task.resume()
        }
        while !isHalting, !isOver { await task.suspend() }
        task.pending = nil
        task.state = .running
    }
}
