import CPUHotplug
import KernelCore
import KernelModule
import Kernfs
import Machine

/// What is wrong at the end of a run.
extension Run {
    /// What is wrong in a state in which nobody can take a step, beside what went wrong on the way.
    ///
    /// Once a task was killed, what it held stays held and what it had begun stays half done: who waits for it hangs, and
    /// what it leaves behind is left behind. That is the oops's doing, and not told again.
    func endFailures() -> [Failure] {
        let stuck = tasks.indices.filter { isStuck($0) }
        let killed = tasks.indices.filter { tasks[$0].state == .dead }
        if let first = stuck.first(where: { !waits($0, for: killed) }) {
            return [Failure(verdict: .deadlock, what: describeCycle(from: first), task: first)]
        }
        guard stuck.isEmpty, killed.isEmpty else { return [] }
        let reachability = Reachability(of: kernel)
        return [dangling(reachability), leaked(reachability)].compactMap { $0 }
    }

    /// The first failure of the run, or the first at its end.
    func endFailure() -> Failure? { failure ?? endFailures().first }

    /// True if the task waits for something that does not come as things are.
    func isStuck(_ number: Int) -> Bool {
        !isOver(number) && tasks[number].state != .dead && !isEnabled(number)
    }

    /// True if the task waits for what one of the others holds, or for somebody who does.
    private func waits(_ number: Int, for others: [Int]) -> Bool {
        var pending = [number]
        var seen: Set<Int> = []
        while let next = pending.popLast() {
            if others.contains(next) { return true }
            guard seen.insert(next).inserted, let step = tasks[next].pending else { continue }
            let holders = step.object.holders(against: step.operation)
            pending += tasks.indices.filter { place in holders.contains { $0 === tasks[place] } }
        }
        return false
    }

    private func dangling(_ reachability: Reachability) -> Failure? {
        let what: String
        if let pointer = reachability.dangling.first {
            what = "\(pointer.name) of \(pointer.holder ?? "the kernel") points to freed memory"
        } else if let path = kernel.mode == .exploring ? machine.root.fileWithoutText : nil {
            what = "\(path) leads into the code of a module that is gone"
        } else if let state = machine.hotplug.stateWithoutText {
            what = "the callbacks of \(state) are in a module that is gone"
        } else {
            return nil
        }
        return Failure(verdict: .dangling, what: what, task: 0)
    }

    /// What nobody can come to has leaked, and what a module left behind: whoever can come to that cannot free it.
    private func leaked(_ reachability: Reachability) -> Failure? {
        if let first = reachability.leaked.first {
            let kinds = reachability.leaked.map(\.kind).sorted()
            return Failure(
                verdict: .leak,
                what: kinds.count == 1
                    ? "a \(first.kind) that nobody refers to"
                    : "\(kinds.count) allocations that nobody refers to: \(kinds.joined(separator: ", "))", task: 0)
        }
        let left = kernel.memory.values.filter { memory in
            !memory.moduleName.isEmpty && machine.modules.find(memory.moduleName) == nil
        }.map(\.kind).sorted()
        return left.first.map {
            Failure(verdict: .leak, what: "\(left.count) allocations of a module that is gone, e.g. \($0)", task: 0)
        }
    }
}

extension Failure {
    /// Stands for the end of a run that is not followed behind it.
    var fingerprint: UInt64 { mix(verdict.rawValue.fingerprint, what.fingerprint) }
}
