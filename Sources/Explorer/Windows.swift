import KernelCore
import Machine
import Zram

/// Where one interruption suffices: a stretch of one terminal's steps at any of which another must come in between.
public struct Window: Codable, Sendable {
    /// The terminal that is interrupted, and the one that comes in between and goes as far as it can.
    public let interrupted: String
    /// The one that comes in between.
    public let overtaking: String
    /// What it ends in.
    public let verdict: Verdict
    /// The steps before which the interruption must come, from 1.
    public let first: Int
    /// The last of them.
    public let last: Int
    /// How many steps the interrupted terminal takes if nobody disturbs it.
    public let steps: Int
    /// The step at which the window opens and the one at which it closes, e.g. `down_write of init_lock`.
    public let opens: String
    /// The first step that is too late.
    public let closes: String
    /// How long it is open on a mount of this machine, in microseconds, median of many runs with nobody else there; what a
    /// kernel takes is another matter.
    public var microseconds: Double?
    /// How long the terminal's script takes in all, measured alike.
    public var totalMicroseconds: Double?
}

/// Finds the windows of a scenario: each terminal is stopped before each of its steps, and another goes first.
///
/// - Returns: the windows, in order. Failures that need two interruptions have none.
public func windows(_ scenario: Scenario, patches: Set<Patch>) -> [Window] {
    let setting = Setting(scenario, patches)
    guard !setting.isUnbounded else { return [] }
    let executor = KernelExecutor()
    defer { executor.retire() }
    var result: [Window] = []
    for one in setting.scenario.terminals.indices {
        guard one == 0 || setting.scenario.terminals[one].seed != setting.scenario.terminals[one - 1].seed else {
            continue
        }
        let steps = WindowSearch.alone(one, setting, executor)
        for other in setting.scenario.terminals.indices where other != one {
            guard
                other == 0 || other - 1 == one
                    || setting.scenario.terminals[other].seed != setting.scenario.terminals[other - 1].seed
            else { continue }
            let verdicts = steps.indices.map { WindowSearch.verdict($0, one, other, setting, executor) }
            result += WindowSearch.stretches(verdicts).map { stretch in
                Window(
                    interrupted: scenario.terminalNames[one], overtaking: scenario.terminalNames[other],
                    verdict: stretch.verdict, first: stretch.first + 1, last: stretch.last + 1, steps: steps.count,
                    opens: stretch.first == 0 ? "the beginning" : steps[stretch.first - 1],
                    closes: steps[stretch.last])
            }
        }
    }
    let clock = WindowClock(setting)
    for place in result.indices { clock.measure(&result[place]) }
    return result
}

private enum WindowSearch {
    /// The steps of a terminal that nobody disturbs.
    static func alone(_ terminal: Int, _ setting: Setting, _ executor: KernelExecutor) -> [String] {
        let run = Run(setting, executor: executor, memory: EmptyMemory())
        var steps: [String] = []
        while run.failure == nil, run.isEnabled(terminal) {
            steps.append(
                run.tasks[terminal].pending.map { "\($0.operation.name) of \($0.object.pointName)" } ?? "the beginning")
            run.step(terminal)
        }
        return steps
    }

    /// What comes of an interruption before the step of that number: the other goes as far as it can, then everybody.
    static func verdict(
        _ place: Int, _ one: Int, _ other: Int, _ setting: Setting, _ executor: KernelExecutor
    ) -> Verdict? {
        let run = Run(setting, executor: executor, memory: EmptyMemory())
        for _ in 0..<place { run.step(one) }
        func go(_ number: Int) {
            while run.failure == nil, run.isEnabled(number) { run.step(number) }
        }
        go(other)
        go(one)
        // In turn, for one may let another go on.
        while run.failure == nil, let next = run.tasks.indices.first(where: { run.isEnabled($0) }) { go(next) }
        return (run.failure ?? run.endFailure())?.verdict
    }

    /// Neighbours that end in the same.
    static func stretches(_ verdicts: [Verdict?]) -> [(verdict: Verdict, first: Int, last: Int)] {
        var result: [(verdict: Verdict, first: Int, last: Int)] = []
        for (place, verdict) in verdicts.enumerated() {
            guard let verdict else { continue }
            if let last = result.last, last.verdict == verdict, last.last == place - 1 {
                result[result.count - 1].last = place
            } else {
                result.append((verdict, place, place))
            }
        }
        return result
    }
}
