import KernelCore
import Zram

/// Why a schedule cannot be replayed.
public enum ScheduleError: Error, Equatable, CustomStringConvertible {
    /// It was made for another scenario, other patches, or another version of the program.
    case stale(made: String, here: String)
    /// At that step the task cannot go on, or there is no such task.
    case impossible(step: Int, task: Int)

    /// For a person.
    public var description: String {
        switch self {
        case .stale(let made, let here):
            "the schedule is stale: \(ScheduleDigest.difference(made: made, here: here)) (\(made), here \(here))"
        case .impossible(let step, let task):
            "the schedule cannot be replayed: at step \(step), task \(task) cannot go on"
        }
    }
}

/// What happened in one replayed schedule.
public struct Replay: Sendable {
    /// One step.
    public struct Step: Sendable {
        /// The task, as schedules number them.
        public let task: Int
        /// What it did; nil for a step that only ends a run of the script's own code.
        public let event: Trace.Event?
        /// Why another task goes on than in the step before; nil if it is the same.
        public let reason: String?
    }

    /// The tasks' names, by number.
    public let names: [String]
    /// The steps, in order.
    public let steps: [Step]
    /// What terminals showed: after how many steps, which terminal, what.
    public let texts: [(step: Int, task: Int, text: String)]
    /// What had gone wrong by the end, in that order.
    public let failures: [Failure]
    /// The first of it.
    public var failure: Failure? { failures.first }
    /// Stands for the state at the end.
    public let end: UInt64
}

/// Replays a schedule.
///
/// - Throws: `ScheduleError` if it was made for something else.
public func replay(_ schedule: Schedule, scenario: Scenario, patches: Set<Patch>) throws -> Replay {
    var setting = Setting(scenario, patches)
    if schedule.digest != setting.programDigest {
        let here = setting.programDigest
        setting = Setting(scenario, patches, isWhole: true)
        guard schedule.digest == setting.programDigest else {
            throw ScheduleError.stale(made: schedule.digest, here: here)
        }
    }
    return try replay(schedule.path, setting, seeing: { _, _ in })
}

/// Replays steps; `seeing` is called before each with the run and the task that is next.
func replay(_ path: [Int], _ setting: Setting, seeing: (Run, Int) -> Void) throws -> Replay {
    let executor = KernelExecutor()
    defer { executor.retire() }
    var steps: [Replay.Step] = []
    var texts: [(step: Int, task: Int, text: String)] = []
    let run = Run(setting, executor: executor, memory: EmptyMemory(), isDetailed: true) { number, text in
        texts.append((steps.count, number, text))
    }
    run.kernel.trace.isOn = true
    for (place, next) in path.enumerated() {
        guard run.tasks.indices.contains(next), run.isEnabled(next) else {
            throw ScheduleError.impossible(step: place, task: next)
        }
        var reason: String?
        if let last = steps.last?.task, last != next { reason = why(run, last) }
        seeing(run, next)
        let before = run.kernel.trace.events.count
        run.step(next)
        let events = run.kernel.trace.events
        steps.append(Replay.Step(task: next, event: events.count > before ? events[before] : nil, reason: reason))
    }
    for terminal in run.terminals { terminal.onText = nil }
    let isOver = run.tasks.indices.allSatisfy { !run.isEnabled($0) }
    return Replay(
        names: run.tasks.map(\.name), steps: steps, texts: texts,
        failures: run.failures
            + (run.isBroken ? [] : isOver ? run.endFailures() : run.cycle().map { [$0] } ?? []),
        end: run.fingerprint)
}

private func why(_ run: Run, _ last: Int) -> String {
    let task = run.tasks[last]
    if task.state == .ended { return "\(task.name) ended" }
    if task.state == .dead { return "\(task.name) was killed" }
    guard let pending = task.pending else { return "\(task.name) has not begun" }
    let what = "\(pending.operation.name) of \(pending.object.name)"
    if run.isEnabled(last) { return "\(task.name) is interrupted before \(what)" }
    let holders = pending.object.holders(against: pending.operation).map(\.name).joined(separator: ", ")
    return "\(task.name) waits in \(what)" + (holders.isEmpty ? "" : ", held by \(holders)")
}
