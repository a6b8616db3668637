import KernelCore
import Zram

/// A recording that was found again among the interleavings of its scenario.
public struct Retrace: Sendable {
    /// The interleaving.
    public let schedule: Schedule
    /// What goes wrong at its end; nil if nothing does.
    public let failure: Failure?
    /// Where the recording does something that the explored kernel does not, if it was followed no further.
    public let departure: String?

    /// Follows a recording through the explored kernel, and goes on from where it ends until nobody can.
    ///
    /// Steps that only one of the two has are passed over: the removal of files that no script names, the lookup of
    /// names, the last read of a `cat` where the recorded program knew that it was at the end.
    public init(_ recording: Recording, _ recorded: RecordedScenario, patches: Set<Patch>) {
        let setting = Setting(recorded.scenario, patches)
        let executor = KernelExecutor()
        defer { executor.retire() }
        var follower = Follower(setting, executor, recorded)
        follower.follow(recording)
        follower.finish()
        schedule = Schedule(digest: setting.programDigest, path: follower.path)
        failure = follower.failure
        departure = follower.departure
    }

    private struct Follower {
        let run: Run
        let recorded: RecordedScenario
        let files: Set<String>?
        var path: [UInt8] = []
        var departure: String?
        var failure: Failure?
        /// Tasks that the kernel itself started, by their number on the mount.
        var others: [UInt32: Int] = [:]
        private static let longest = 100_000
        private static let patience = 16

        init(_ setting: Setting, _ executor: KernelExecutor, _ recorded: RecordedScenario) {
            run = Run(setting, executor: executor, memory: EmptyMemory())
            self.recorded = recorded
            files = recorded.scenario.files
        }

        mutating func follow(_ recording: Recording) {
            for entry in recording.entries {
                guard case .step(let task, let name, let operation, let object) = entry else { continue }
                guard let number = number(of: task, name) else { continue }
                if !take(number, operation, object) {
                    let pending = run.tasks[number].pending
                    let here =
                        pending.map { "it is at \($0.operation.name) of \($0.object.pointName)" } ?? "it has ended"
                    departure =
                        "\(name): \(operation.name) of \(object)', after \(path.count) steps; there \(here)"
                        + (run.isEnabled(number) ? "" : " and waits")
                    return
                }
                if run.failure != nil { return }
            }
        }

        private mutating func number(of task: UInt32, _ name: String) -> Int? {
            if let terminal = recorded.terminalOfTask[task] { return terminal }
            if let known = others[task] { return known }
            let born = run.terminals.count..<run.tasks.count
            let new = born.first { run.tasks[$0].name == name && !others.values.contains($0) }
            others[task] = new
            return new
        }

        /// Takes the step, and before it those that the mount does not have.
        private mutating func take(_ number: Int, _ operation: Operation, _ object: String) -> Bool {
            if !isNext(number, operation, object), mayBeMissing(operation, object) { return true }
            var tries = 0
            while !isNext(number, operation, object) {
                guard tries < Self.patience, run.isEnabled(number), run.failure == nil else { return false }
                step(number)
                tries += 1
            }
            guard run.isEnabled(number) else { return false }
            step(number)
            return true
        }

        private func isNext(_ number: Int, _ operation: Operation, _ object: String) -> Bool {
            guard let pending = run.tasks[number].pending else { return false }
            return pending.operation.name == operation.name && pending.object.pointName == object
        }

        /// The explored kernel has only the files that scripts name, and no directory for others.
        private func mayBeMissing(_ operation: Operation, _ object: String) -> Bool {
            switch operation {
            case .deactivate, .drain, .unlink: true
            case .getActive, .putActive: files?.contains(object) == false
            default: false
            }
        }

        private mutating func step(_ number: Int) {
            run.step(number)
            path.append(UInt8(number))
        }

        /// Goes on until nobody can, each as long as it can.
        mutating func finish() {
            while run.failure == nil, path.count < Self.longest,
                let next = run.tasks.indices.first(where: { run.isEnabled($0) })
            {
                if let cycle = run.cycle() {
                    failure = cycle
                    return
                }
                step(next)
            }
            failure =
                run.failure ?? (run.tasks.indices.contains { run.isEnabled($0) } ? run.cycle() : run.endFailure())
        }
    }
}
