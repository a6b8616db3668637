/// How long slow functions of a real kernel take, for a live one: so operations that are in flight at one time overlap
/// as on a machine with several processors.
///
/// An exploration knows nothing of it: it walks every order, whatever the time.
public final class Timing {
    /// What one call of a kernel function takes.
    public struct Duration: Sendable {
        /// The kernel function, e.g. `synchronize_rcu`.
        public let function: String
        /// Microseconds that it takes at least.
        public var least: Double
        /// Microseconds that half of its calls stay below.
        public var median: Double
        /// What the times are for: `call`, or `GiB` of the disk's size.
        public let unit: String
        /// Where the figures are from.
        public let source: String

        /// A row of the table.
        public init(_ function: String, _ least: Double, _ median: Double, per unit: String = "call", _ source: String)
        {
            self.function = function
            self.least = least
            self.median = median
            self.unit = unit
            self.source = source
        }
    }

    /// Each time is multiplied by this.
    public var factor: Double
    /// The table, in the order in which it is shown.
    public private(set) var durations: [Duration]
    private var random: RandomSource

    /// A table with its factor, above 0.
    public init(_ durations: [Duration], factor: Double = 1, seed: UInt64 = 0) {
        self.durations = durations
        self.factor = factor
        random = RandomSource(seed: seed)
    }

    /// Sets what a function takes, in microseconds.
    ///
    /// - Returns: false if the table does not have it.
    public func set(_ function: String, least: Double, median: Double) -> Bool {
        guard let row = durations.firstIndex(where: { $0.function == function }) else { return false }
        durations[row].least = least
        durations[row].median = median
        return true
    }

    /// Draws the time of one call, in nanoseconds: evenly from the least to as far above the median as that is below.
    func draw(_ function: String, units: Double) -> UInt64 {
        guard let row = durations.first(where: { $0.function == function }) else {
            preconditionFailure("\(function) is in no table of durations")
        }
        let spread = 2 * max(0, row.median - row.least)
        let time = row.least + spread * Double(random.next() % 1024) / 1024
        return UInt64(min(time * units * factor * 1000, 60e9))
    }
}

extension Kernel {
    /// Spends the time that `function` takes where tasks run live, before the task's next step: no step of its own, and
    /// never between what a step did and what belongs to it. Nothing while exploring.
    ///
    /// The table has each function that is named here (`TimingTests`).
    /// - Parameter units: how many of what the table gives the time for.
    @inline(__always)
    public func spend(_ function: StaticString, units: Double = 1) {
        if timing != nil { owe(function, units) }
    }

    @inline(never) @usableFromInline
    func owe(_ function: StaticString, _ units: Double) {
        guard mode == .live, !isHalting, let timing else { return }
        let task = current
        guard task.state == .running || task.state == .delayed, task !== idle else { return }
        // In this state a step does not pass at once: it pays first.
        task.state = .delayed
        task.debt += timing.draw("\(function)", units: units)
        task.debtor = function
    }

    /// Stops the task for the time that it owes.
    func pay(_ task: KernelTask) async {
        let time = task.debt
        task.debt = 0
        task.state = .running
        enter(task.debtor)
        await sleep(time, as: task.debtor)
        leave()
    }

    /// Stops the current task for so many nanoseconds, uninterruptibly; reports name `reason`.
    func sleep(_ time: UInt64, as reason: StaticString) async {
        let task = current
        guard let alarm, time > 0, task.state == .running, !isHalting else { return }
        task.state = .delayed
        task.pending = Pending(operation: .sleep, object: delay(reason), since: now, file: "", line: 0)
        var isOver = false
        alarm(time) {
            isOver = true
            task.resume()
        }
        while !isHalting, !isOver { await task.suspend() }
        task.pending = nil
        task.state = .running
    }

    private func delay(_ reason: StaticString) -> KernelObject {
        let name = "\(reason)"
        if let known = delays[name] { return known }
        let object = KernelObject(kernel: self, name: name)
        delays[name] = object
        return object
    }
}
