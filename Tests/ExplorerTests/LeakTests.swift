import KernelCore
import Machine
import Testing

@testable import Explorer
@testable import KernelModule
@testable import Zram

@Suite("memory") struct LeakTests {
    /// Runs in the middle of a deadlock, at the end, and not begun.
    @Test("a run leaves nothing behind, wherever it was left", arguments: Fixtures.names, [0, 7, 40, 5000])
    func run(scenario: String, steps: Int) throws {
        let executor = KernelExecutor()
        weak var machine: Machine?
        weak var kernel: Kernel?
        weak var root: AnyObject?
        weak var modules: AnyObject?
        weak var core: AnyObject?
        do {
            let setting = Setting(try Fixtures.scenario(scenario), Fixtures.patches("v8-11"))
            let run = Run(setting, executor: executor, memory: EmptyMemory())
            machine = run.machine
            kernel = run.kernel
            root = run.machine.root
            modules = run.machine.modules
            core = run.machine.core
            var taken = 0
            while taken < steps, let next = run.tasks.indices.first(where: { run.isEnabled($0) }) {
                run.step(next)
                taken += 1
            }
        }
        executor.retire()
        let left = [machine, kernel, root, modules, core].map { $0 as AnyObject? }.enumerated().filter {
            $0.element != nil
        }
        #expect(left.map(\.offset) == [])
    }
}
