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
        configuration.drivers = scenario.drivers
        // nil if some path of theirs cannot be told before they run.
        if !isWhole { configuration.files = scenario.files }
        self.configuration = configuration
        isUnbounded = scenario.terminals.contains { $0.isUnbounded }
    }
}
