import KernelCore
import Machine
import Zram

/// What is explored: a scenario on a driver with some patches.
struct Setting: Sendable {
    let scenario: Scenario
    let patches: Set<Patch>
    /// Terminals that run the same script are interchangeable.
    let isSymmetric: Bool
    /// All attribute files, also those that no script names; their removal is a chain of steps that concerns nobody.
    let isWhole: Bool
    let configuration: MachineConfiguration
    /// Some script goes round a loop without a bound.
    let isUnbounded: Bool

    init(_ scenario: Scenario, _ patches: Set<Patch>, isSymmetric: Bool = true, isWhole: Bool = false) {
        self.scenario = scenario
        self.patches = patches
        self.isSymmetric = isSymmetric
        self.isWhole = isWhole
        var configuration = MachineConfiguration()
        configuration.patches = patches
        configuration.abi = scenario.machine.abi
        configuration.cpus = scenario.machine.cpus
        if !isWhole { configuration.files = scenario.files }
        self.configuration = configuration
        isUnbounded = scenario.terminals.contains { $0.isUnbounded }
    }

    /// Stands for the scenario and the patches.
    var digest: UInt64 {
        patches.sorted().reduce(mix(scenario.digest, isWhole.fingerprint)) { mix($0, $1.rawValue.fingerprint) }
    }
}

extension Setting {
    /// Stands for the scenario, the patches, and what the program does in it: the steps of the terminals one by one.
    var programDigest: String {
        let executor = KernelExecutor()
        var hash = digest
        do {
            let run = Run(self, executor: executor, memory: EmptyMemory())
            hash = mix(hash, run.finalFingerprint)
            var steps = 0
            while steps < 5000, run.failure == nil, let next = run.tasks.indices.first(where: { run.isEnabled($0) }) {
                if let pending = run.tasks[next].pending {
                    hash = mix(hash, mix(pending.operation.name.fingerprint, pending.object.pointName.fingerprint))
                }
                run.step(next)
                steps += 1
            }
            hash = mix(hash, run.finalFingerprint)
        }
        executor.retire()
        let text = String(UInt32(truncatingIfNeeded: hash ^ hash >> 32), radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}
