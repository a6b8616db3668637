import KernelCore
import Zram

/// Looks for the schedules that fail with the fewest preemptions, and among those with the fewest steps.
///
/// A preemption is a switch from a task that could have gone on. All schedules with none are looked at, then all with
/// one, and so on (a 0-1 breadth-first search); a state that was reached by the same task with fewer preemptions, or
/// with as few and no more steps, is not followed again. So what it finds first is minimal, not merely short.
struct ShortestSearch {
    struct Found: Equatable {
        let failure: Failure
        let path: [UInt8]
        let preemptions: Int
    }

    private let setting: Setting
    private let walker: Walker
    private var best: [UInt64: (preemptions: Int, steps: Int)] = [:]
    private var waiting: [[[[UInt8]]]] = [[[[]]]]
    private(set) var found: [Verdict: Found] = [:]
    private(set) var runs = 0
    private let budget: Budget?

    init(
        _ setting: Setting, recalls: Bool, checkEvery: Int = 4096, cache: StepCache = StepCache(), budget: Budget? = nil
    ) {
        self.setting = setting
        self.budget = budget
        walker = Walker(setting, recalls: recalls, checkEvery: checkEvery, cache: cache)
    }

    /// A step that was recalled does something else when it is taken: what was found is not to be trusted.
    var mistake: String? { walker.mistake }

    /// Searches until each of the verdicts was found, so many runs were made, or the budget is spent.
    ///
    /// - Returns: true if what was found is minimal for certain.
    mutating func search(_ wanted: Set<Verdict>, runs limit: Int) -> Bool {
        defer { walker.retire() }
        var bound = 0
        while bound < waiting.count {
            // Shortest first, by length.
            var length = 0
            while length < waiting[bound].count {
                while let path = waiting[bound][length].popLast() {
                    if runs >= limit || mistake != nil || budget?.lookNowAndThen() == true { return false }
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
        walker.go(start)
        while true {
            let enabled = choices()
            var failures = walker.failures
            if enabled.isEmpty, !walker.isBroken {
                failures += walker.machine().endFailures()
            }
            let cycle = setting.isUnbounded && !enabled.isEmpty ? walker.cycle() : nil
            if let cycle { failures.append(cycle) }
            for failure in failures
            where wanted.contains(failure.verdict) && isBetter(walker.path.count, bound, found[failure.verdict]) {
                found[failure.verdict] = Found(failure: failure, path: walker.path, preemptions: bound)
            }
            if enabled.isEmpty || walker.isBroken || cycle != nil || mistake != nil { return }
            if budget?.lookNowAndThen() == true { return }
            let path = walker.path
            let key = mix(walker.fingerprint, path.last.map { walker.hash(Int($0)) } ?? 0)
            if let old = best[key], old.preemptions < bound || old.steps <= path.count { return }
            best[key] = (bound, path.count)
            if let last = path.last, walker.isEnabled(Int(last)) {
                for choice in enabled where walker.hash(Int(choice)) != walker.hash(Int(last)) {
                    push(path + [choice], bound + 1)
                }
                walker.advance(Int(last))
            } else {
                for choice in enabled.dropFirst() { push(path + [choice], bound) }
                walker.advance(Int(enabled[0]))
            }
        }
    }

    private func isBetter(_ steps: Int, _ bound: Int, _ old: Found?) -> Bool {
        guard let old else { return true }
        return old.preemptions > bound || old.preemptions == bound && old.path.count > steps
    }

    private func choices() -> [UInt8] {
        var result: [UInt8] = []
        for number in walker.tasks where walker.isEnabled(number) {
            if setting.isSymmetric, result.contains(where: { walker.hash(Int($0)) == walker.hash(number) }) { continue }
            result.append(UInt8(number))
        }
        return result
    }
}
