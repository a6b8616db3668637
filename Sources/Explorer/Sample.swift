import KernelCore
import Zram

/// How a random run chooses.
public enum SampleMode: Codable, Sendable {
    /// Whoever can go on, with equal chance.
    case uniform
    /// Probabilistic concurrency testing: random priorities, lowered at `depth - 1` random steps among `steps`.
    case pct(depth: Int, steps: Int)
    /// Interrupts a task that could go on at most so often, at random steps among `steps`.
    case preemptions(Int, steps: Int)
}

/// What random runs found.
public struct Sample: Codable, Sendable {
    /// How many runs.
    public let runs: Int
    /// How many failed, by kind.
    public let failures: [String: Int]
    /// A schedule of each kind.
    public let schedules: [String: Schedule]
    /// The share of runs that failed.
    public var rate: Double { Double(failures.values.reduce(0, +)) / Double(max(1, runs)) }
}

/// Runs a scenario at random, for what is too large to walk through. A scenario with unbounded loops is cut at
/// `depth` steps.
public func sample(
    _ scenario: Scenario, patches: Set<Patch>, mode: SampleMode = .uniform, runs: Int, seed: UInt64 = 1,
    depth: Int = 100_000
) -> Sample {
    let setting = Setting(scenario, patches)
    let digest = setting.programDigest
    let executor = KernelExecutor()
    let memory = EmptyMemory()
    var random = SplitMix(state: seed)
    var failures: [String: Int] = [:]
    var schedules: [String: Schedule] = [:]
    for _ in 0..<runs {
        let run = Run(setting, executor: executor, memory: memory)
        var chooser = SampleChooser(mode, tasks: run.tasks.count, &random)
        var path: [UInt8] = []
        while run.failure == nil, path.count < depth {
            let enabled = run.tasks.indices.filter { run.isEnabled($0) }
            guard !enabled.isEmpty else { break }
            let next = chooser.choose(enabled, step: path.count, &random)
            path.append(UInt8(next))
            run.step(next)
        }
        let isOver = run.tasks.indices.allSatisfy { !run.isEnabled($0) }
        guard let failure = run.failure ?? (isOver ? run.endFailure() : nil) else { continue }
        failures[failure.verdict.rawValue, default: 0] += 1
        if schedules[failure.verdict.rawValue] == nil {
            schedules[failure.verdict.rawValue] = Schedule(digest: digest, path: path)
        }
    }
    executor.retire()
    return Sample(runs: runs, failures: failures, schedules: schedules)
}

/// A small random generator that repeats from run to run.
public struct SplitMix: RandomNumberGenerator, Sendable {
    var state: UInt64

    /// The numbers of that seed.
    public init(state: UInt64) { self.state = state }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

/// Makes the choices of one random run.
struct SampleChooser {
    private let mode: SampleMode
    private var priorities: [Int] = []
    private var changes: Set<Int> = []
    private var lowest = 0
    private var last: Int?

    /// PCT with these draws.
    init(priorities: [Int], changes: Set<Int>) {
        mode = .pct(depth: changes.count + 1, steps: 0)
        self.priorities = priorities
        self.changes = changes
    }

    init(_ mode: SampleMode, tasks: Int, _ random: inout SplitMix) {
        self.mode = mode
        switch mode {
        case .uniform: break
        case .pct(let depth, let steps):
            priorities = (1...tasks).shuffled(using: &random)
            changes = Set((1..<max(1, depth)).map { _ in Int.random(in: 0..<max(1, steps), using: &random) })
        case .preemptions(let count, let steps):
            changes = Set((0..<count).map { _ in Int.random(in: 0..<max(1, steps), using: &random) })
        }
    }

    mutating func choose(_ enabled: [Int], step: Int, _ random: inout SplitMix) -> Int {
        switch mode {
        case .uniform: return enabled.randomElement(using: &random)!
        case .pct:
            while priorities.count <= enabled.max()! { priorities.append(Int.random(in: 1...9, using: &random)) }
            let next = enabled.max { priorities[$0] < priorities[$1] }!
            guard changes.contains(step) else { return next }
            lowest -= 1
            priorities[next] = lowest
            return enabled.max { priorities[$0] < priorities[$1] }!
        case .preemptions:
            if let last, enabled.contains(last), !changes.contains(step) { return last }
            let others = enabled.filter { $0 != last }
            last = (others.isEmpty ? enabled : others).randomElement(using: &random)!
            return last!
        }
    }
}
