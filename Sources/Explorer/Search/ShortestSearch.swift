import KernelCore
import Zram

/// Looks for the schedules that fail with the fewest preemptions, and among those with the fewest steps.
///
/// A preemption is a switch from a task that could have gone on. All schedules with none are looked at, then all with
/// one, and so on (a 0-1 breadth-first search); a state that was reached by the same task with fewer preemptions, or
/// with as few and no more steps, is not followed again. So what it finds first is minimal, not merely short.
struct ShortestSearch {
    struct Found {
        let failure: Failure
        let path: [UInt8]
        let preemptions: Int
    }

    private let setting: Setting
    private let executor = KernelExecutor()
    private let memory = EmptyMemory()
    private var best: [UInt64: (preemptions: Int, steps: Int)] = [:]
    private var waiting: [[[[UInt8]]]] = [[[[]]]]
    private(set) var found: [Verdict: Found] = [:]
    private(set) var runs = 0

    init(_ setting: Setting) { self.setting = setting }

    /// Searches until each of the verdicts was found, or so many runs were made.
    ///
    /// - Returns: true if what was found is minimal for certain.
    mutating func search(_ wanted: Set<Verdict>, runs limit: Int) -> Bool {
        defer { executor.retire() }
        var bound = 0
        while bound < waiting.count {
            // Shortest first, by length.
            var length = 0
            while length < waiting[bound].count {
                while let path = waiting[bound][length].popLast() {
                    if runs >= limit { return false }
                    follow(path, bound, wanted)
                }
                length += 1
            }
            if wanted.allSatisfy({ found[$0] != nil }) { return true }
            waiting[bound] = []
            bound += 1
        }
        return true
    }

    private mutating func push(_ path: [UInt8], _ bound: Int) {
        while waiting.count <= bound { waiting.append([]) }
        while waiting[bound].count <= path.count { waiting[bound].append([]) }
        waiting[bound][path.count].append(path)
    }

    private mutating func follow(_ start: [UInt8], _ bound: Int, _ wanted: Set<Verdict>) {
        runs += 1
        let run = Run(setting, executor: executor, memory: memory)
        for choice in start { run.step(Int(choice)) }
        var path = start
        while true {
            let enabled = choices(run)
            if let failure = run.failure
                ?? (enabled.isEmpty ? run.endFailure() : setting.isUnbounded ? run.cycle() : nil)
            {
                if wanted.contains(failure.verdict), isBetter(path.count, bound, found[failure.verdict]) {
                    found[failure.verdict] = Found(failure: failure, path: path, preemptions: bound)
                }
                return
            }
            if enabled.isEmpty { return }
            let last = path.last
            let key = mix(run.fingerprint, last.map { run.local[Int($0)] } ?? 0)
            if let old = best[key], old.preemptions < bound || old.steps <= path.count { return }
            best[key] = (bound, path.count)
            if let last, run.isEnabled(Int(last)) {
                for choice in enabled where run.local[Int(choice)] != run.local[Int(last)] {
                    push(path + [choice], bound + 1)
                }
                path.append(last)
            } else {
                for choice in enabled.dropFirst() { push(path + [choice], bound) }
                path.append(enabled[0])
            }
            run.step(Int(path[path.count - 1]))
        }
    }

    private func isBetter(_ steps: Int, _ bound: Int, _ old: Found?) -> Bool {
        guard let old else { return true }
        return old.preemptions > bound || old.preemptions == bound && old.path.count > steps
    }

    private func choices(_ run: Run) -> [UInt8] {
        var result: [UInt8] = []
        for number in run.tasks.indices where run.isEnabled(number) {
            if setting.isSymmetric, result.contains(where: { run.local[Int($0)] == run.local[number] }) { continue }
            result.append(UInt8(number))
        }
        return result
    }
}
