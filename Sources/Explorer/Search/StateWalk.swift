import KernelCore
import Zram

/// A way through the states of a scenario.
protocol StateWalk: AnyObject {
    /// The schedule so far.
    var path: [UInt8] { get }
    /// The state, up to a renaming of interchangeable tasks.
    var fingerprint: UInt64 { get }
    /// What has gone wrong first.
    var failure: Failure? { get }
    /// What has gone wrong in the last step.
    var failures: [Failure] { get }
    /// What comes behind is not looked at.
    var isBroken: Bool { get }
    /// The tasks, by number.
    var tasks: Range<Int> { get }
    /// What it says is not to be trusted.
    var isMistaken: Bool { get }

    func isEnabled(_ number: Int) -> Bool
    func isOver(_ number: Int) -> Bool
    /// Lets a task take its next step.
    func advance(_ number: Int)
    /// Goes back until the schedule has so many steps.
    func goBack(to depth: Int)
    /// What is wrong in a state in which nobody goes on, and what stands for that state.
    func end() -> (failure: Failure?, fingerprint: UInt64)
    /// The same, where failures on the way are not counted.
    func endFailures() -> [Failure]
    /// Ends the tasks that it kept.
    func retire()
}

extension Walker: StateWalk {
    var isMistaken: Bool { mistake != nil }

    func advance(_ number: Int) { _ = step(number) }

    func end() -> (failure: Failure?, fingerprint: UInt64) {
        let run = machine()
        return (run.endFailure(), run.finalFingerprint)
    }

    func endFailures() -> [Failure] { machine().endFailures() }
}

/// Goes by what machines do, and by nothing else: a fresh one whenever it goes back, and every step is taken.
final class PlainWalk: StateWalk {
    private let setting: Setting
    private let executor = KernelExecutor()
    private let memory = EmptyMemory()
    private(set) var path: [UInt8] = []
    private var current: Run?
    /// How much had gone wrong before the last step.
    private var before = 0

    init(_ setting: Setting) { self.setting = setting }

    private var run: Run {
        if let current { return current }
        let run = Run(setting, executor: executor, memory: memory)
        before = 0
        for choice in path {
            before = run.failures.count
            run.step(Int(choice))
        }
        current = run
        return run
    }

    var fingerprint: UInt64 { run.fingerprint }
    var failure: Failure? { run.failure }
    var failures: [Failure] { Array(run.failures.dropFirst(before)) }
    var isBroken: Bool { run.isBroken }
    var tasks: Range<Int> { run.tasks.indices }
    var isMistaken: Bool { false }

    func isEnabled(_ number: Int) -> Bool { run.isEnabled(number) }
    func isOver(_ number: Int) -> Bool { run.isOver(number) }

    func advance(_ number: Int) {
        before = run.failures.count
        run.step(number)
        path.append(UInt8(number))
    }

    func goBack(to depth: Int) {
        guard depth < path.count else { return }
        path.removeLast(path.count - depth)
        current = nil
    }

    func end() -> (failure: Failure?, fingerprint: UInt64) { (run.endFailure(), run.finalFingerprint) }

    func endFailures() -> [Failure] { run.endFailures() }

    func retire() {
        current = nil
        executor.retire()
    }
}
