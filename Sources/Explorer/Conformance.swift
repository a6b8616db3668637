import KernelCore
import Zram

/// Whether what a live mount did is a path of the explored graph.
public struct Conformance: Codable, Sendable {
    /// How many of the live steps were followed.
    public let followed: Int
    /// How many there were.
    public let total: Int
    /// Why the next one could not be: nil if all were.
    public let mismatch: String?
    /// Different states that the live run went through.
    public let states: Int
    /// Of so many in the graph; nil if it was not built.
    public let of: Int?
    /// True if the live run is a path of the graph.
    public var conforms: Bool { mismatch == nil }
}

/// Follows a recorded live trace in the explored graph.
///
/// The live tasks are matched with the scenario's terminals in the order of their names and of their first steps.
/// Steps that only the explorer has (lookups, a shell's own) are taken when their task comes on.
/// - Parameter limit: the graph is built, and the share covered is known, if it has no more states.
public func conformance(
    of events: [Trace.Event], scenario: Scenario, patches: Set<Patch>, limit: Int = 200_000
) -> Conformance {
    let setting = Setting(scenario, patches, isWhole: true)
    let executor = KernelExecutor()
    var seen: Set<UInt64> = []
    var followed = 0
    var mismatch: String?
    do {
        let run = Run(setting, executor: executor, memory: EmptyMemory())
        var numbers: [UInt32: Int] = [:]
        seen.insert(run.fingerprint)
        for event in events {
            guard let number = numbers[event.task] ?? match(event, run, taken: Set(numbers.values)) else {
                mismatch = "\(event.name) is no terminal of the scenario"
                break
            }
            numbers[event.task] = number
            let task = run.tasks[number]
            while let pending = task.pending, [.lookup, .text].contains(pending.operation), run.isEnabled(number) {
                run.step(number)
                seen.insert(run.fingerprint)
            }
            guard let pending = task.pending, pending.operation == event.operation,
                pending.object.pointName == event.object
            else {
                let here = task.pending.map { "\($0.operation.name) of \($0.object.pointName)" } ?? "at its end"
                mismatch = "\(event.name): \(event.operation.name) of \(event.object), but here it is \(here)"
                break
            }
            guard run.isEnabled(number) else {
                mismatch = "\(event.name): \(event.operation.name) of \(event.object) cannot be taken here"
                break
            }
            run.step(number)
            seen.insert(run.fingerprint)
            followed += 1
        }
    }
    executor.retire()
    let graph = StateGraph(setting, limit: limit)
    return Conformance(
        followed: followed, total: events.count, mismatch: mismatch, states: seen.count,
        of: graph.isComplete ? graph.nodes.count : nil)
}

/// The terminal that a live task is: of that name, or else the first that is free and begins with that step.
private func match(_ event: Trace.Event, _ run: Run, taken: Set<Int>) -> Int? {
    let free = run.tasks.indices.filter { !taken.contains($0) }
    return free.first { run.tasks[$0].name == event.name } ?? free.first
}
