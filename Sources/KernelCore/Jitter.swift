/// Random delays at the steps of a live kernel, so that races are met that the host's scheduler alone seldom makes.
///
/// One seed draws the same delays in the same order. Which task comes to take which of them is still the host's choice.
public final class Jitter {
    /// The seed that it was made from.
    public let seed: UInt64
    /// The longest delay, in nanoseconds.
    public let longest: UInt64
    private var random: RandomSource

    /// One step in so many is delayed.
    private static let rarity: UInt64 = 4

    /// - Parameter longest: nanoseconds, above 0.
    public init(seed: UInt64, longest: UInt64) {
        self.seed = seed
        self.longest = longest
        random = RandomSource(seed: seed)
    }

    /// The next delay, in nanoseconds; mostly 0.
    public func next() -> UInt64 {
        guard random.next() % Self.rarity == 0 else { return 0 }
        return random.next() % longest + 1
    }
}
