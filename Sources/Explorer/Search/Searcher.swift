import KernelCore
import Zram

/// One thread's depth-first search: it goes back when it reaches a state that was seen, and on with the next branch.
final class Searcher {
    /// One state of the schedule, and what is to be tried from it.
    private struct Level {
        var todo: [UInt8] = []
        /// Alternatives that are needed unless the step taken first proves to be local.
        var reserve: [UInt8] = []
        var sleeping: [Sleeper] = []
        /// How many steps are or were to be tried, and how many of those were given away.
        var total = 1
        var given = 0
    }

    let setting: Setting
    let reductions: Reductions
    let shared: SearchShare
    var table: SharingTable
    private(set) var counts = SearchCounts()
    private let walker: Walker
    /// How commands ended.
    private var ended: Set<CommandEnd> = []
    private var descents = 0
    private var path: [UInt8] = []
    private var levels: [Level] = []
    private var base = 0
    private var sleeping: [Sleeper] = []
    private var classMasks: [TaskMask] = []
    /// What the current branch is of the whole, and what of it was given away.
    private var weight = 1.0
    private var givenWeight = 0.0
    private let number: Int
    /// What was not looked at when everybody was stopped.
    private(set) var leftovers: [WorkPool.Branch] = []

    init(
        _ setting: Setting, _ reductions: Reductions, _ shared: SearchShare, table: SharingTable, number: Int = 0
    ) {
        self.number = number
        self.setting = setting
        self.reductions = reductions
        self.shared = shared
        self.table = table
        walker = Walker(
            setting, recalls: reductions.contains(.recalledSteps), checkEvery: shared.checkEvery)
        let scripts = setting.scenario.terminals
        classMasks = scripts.map { script in
            scripts.indices.reduce(0) { scripts[$1].seed == script.seed ? $0 | TaskMask(1) << $1 : $0 }
        }
    }

    /// Works until the pool has nothing left.
    func work() {
        while let branch = shared.pool.take() { search(branch) }
        let taken = walker.counts
        shared.note(ended)
        (counts.runs, counts.steps, counts.recalled) = (taken.runs, taken.steps, taken.recalled)
        walker.retire()
    }

    private func search(_ branch: WorkPool.Branch) {
        path = branch.path
        weight = branch.weight
        givenWeight = 0
        base = max(0, path.count - 1)
        levels = path.isEmpty ? [] : [Level(sleeping: branch.sleeping)]
        sleeping = []
        while true {
            let before = walker.counts.steps + walker.counts.recalled
            let isInterrupted = descend()
            descents += 1
            if descents & 31 == 0 { shared.note(number, fraction) }
            shared.tick(walker.counts.steps + walker.counts.recalled - before)
            if shared.pool.isStopped { return leave(isInterrupted) }
            while let last = levels.last, last.todo.isEmpty {
                levels.removeLast()
                path.removeLast()
            }
            if levels.isEmpty { return shared.finished(number, weight - givenWeight) }
            path[path.count - 1] = levels[levels.count - 1].todo.removeFirst()
            if shared.pool.isHungry { donate() }
        }
    }

    /// Gives the branch nearest to the root away.
    private func donate() {
        for place in levels.indices.dropLast() where !levels[place].todo.isEmpty {
            let branch = branch(at: place, levels[place].todo.removeLast())
            levels[place].given += 1
            givenWeight += branch.weight
            shared.pool.give(branch)
            return
        }
    }

    /// The step of a level that was not tried yet.
    private func branch(at place: Int, _ choice: UInt8) -> WorkPool.Branch {
        WorkPool.Branch(
            path: Array(path[..<(base + place)]) + [choice], sleeping: levels[place].sleeping,
            weight: levels[...place].reduce(weight) { $0 / Double($1.total) })
    }

    /// What of the branch is done, as a part of the whole: each step that can be tried counts alike.
    private var fraction: Double {
        var part = weight
        var done = 0.0
        for level in levels {
            part /= Double(level.total)
            done += part * Double(level.total - level.todo.count - level.given - 1)
        }
        return done
    }

    /// Everybody is to stop: what is left becomes branches. The state at the end of an interrupted run is not entered
    /// yet, so that its last step can be taken again.
    private func leave(_ isInterrupted: Bool) {
        let leaf = levels.reduce(weight) { $0 / Double($1.total) }
        shared.note(number, isInterrupted ? fraction : fraction + leaf)
        if isInterrupted {
            if !path.isEmpty { counts.transitions -= 1 }
            leftovers.append(WorkPool.Branch(path: path, sleeping: levels.last?.sleeping ?? [], weight: leaf))
        }
        for place in levels.indices { leftovers += levels[place].todo.map { branch(at: place, $0) } }
    }

    /// - Returns: true if it was stopped on the way.
    private func descend() -> Bool {
        walker.go(path.dropLast())
        sleeping = []
        if path.isEmpty { for failure in walker.failures { fail(failure) } } else { take() }
        var length = 0
        while !table.isBroken, walker.mistake == nil, !shared.pool.isStopped {
            if walker.isBroken { return false }
            if let cycle = setting.isUnbounded ? walker.cycle() : nil {
                shared.end(walker.machine().endFingerprint, note(cycle), path)
                return false
            }
            guard extend() else { return false }
            take()
            length += 1
            if length & 0xff == 0 { shared.tickWithin() }
        }
        if table.isBroken || walker.mistake != nil { shared.pool.stop() }
        return true
    }

    /// What was reached.
    var coverage: Coverage { Coverage(walker.coverage) }

    /// The steps that were seen.
    var cache: StepCache { walker.cache }

    /// A step that was recalled does something else when it is taken.
    var mistake: String? { walker.mistake }
    /// Nor are states to be trusted.
    var isUnnoted: Bool { walker.isUnnoted }

    /// Chooses the next step; false if this run has nothing more to tell.
    private func extend() -> Bool {
        var chosen: [UInt8]?
        if reductions.contains(.fingerprints) {
            let hashes = sleeping.isEmpty ? [] : sleeping.map { walker.hash(Int($0.task)) }
            switch shared.states.visit(walker.fingerprint, sleeping: hashes) {
            case .new: break
            case .known: return false
            case .awake(let awake):
                chosen =
                    sleeping.isEmpty && awake.isEmpty ? nil : choices().filter { awake.contains(walker.hash(Int($0))) }
            }
        } else {
            shared.countState()
        }
        if path.count >= shared.depthLimit {
            shared.lose()
            return false
        }
        if reductions.contains(.localSteps) {
            learnWaits()
            if table.isBroken { return false }
        }
        var level = Level(sleeping: sleeping)
        if let chosen {
            level.todo = chosen
        } else {
            var enabled = choices()
            if enabled.isEmpty {
                let run = walker.machine()
                shared.end(run.endFingerprint, nil, path)
                for failure in run.endFailures() { shared.end(run.endFingerprint, note(failure), path) }
                return false
            }
            if !sleeping.isEmpty { enabled.removeAll { choice in sleeping.contains { $0.task == choice } } }
            level.todo = enabled
            if reductions.contains(.localSteps), enabled.count > 1,
                let place = enabled.firstIndex(where: { looksLocal(Int($0)) })
            {
                level.todo = [enabled.remove(at: place)]
                level.reserve = enabled
            }
        }
        guard !level.todo.isEmpty else { return false }
        level.total = level.todo.count
        path.append(level.todo.removeFirst())
        levels.append(level)
        if path.count > counts.depth { counts.depth = path.count }
        return true
    }

    /// Who cannot go on uses what it waits for, though it may never get it: the other order might have let it.
    private func learnWaits() {
        for number in walker.tasks where !walker.isOver(number) && !walker.isEnabled(number) {
            guard let object = walker.object(number) else { continue }
            let single = TaskMask(1) << number
            _ = table.learn(
                [object << 1 | 1], tasks: number < classMasks.count ? classMasks[number] : single, single: single,
                locks: walker.locks(number), released: nil)
        }
    }

    private func choices() -> [UInt8] {
        var result: [UInt8] = []
        for number in walker.tasks where walker.isEnabled(number) {
            if reductions.contains(.symmetry), result.contains(where: { walker.hash(Int($0)) == walker.hash(number) }) {
                continue
            }
            result.append(UInt8(number))
        }
        return result
    }

    private func looksLocal(_ number: Int) -> Bool {
        guard let object = walker.object(number) else { return true }
        return !table.isShared(walker.local(number).isRelease ? object | AccessLog.looks : object)
    }

    /// Takes the last step of the path for the first time, and sees what it does.
    private func take() {
        let choice = path[path.count - 1]
        let number = Int(choice)
        let held = walker.locks(number)
        let released = walker.local(number).isRelease ? walker.object(number) : nil
        let taken = walker.step(number)
        if !taken.ended.isEmpty { ended.formUnion(taken.ended) }
        counts.transitions += 1
        let accesses = taken.accesses
        let top = levels.count - 1
        if reductions.contains(.localSteps) {
            let after = walker.locks(number)
            let single = TaskMask(1) << number
            let isLocal = table.learn(
                accesses, tasks: number < classMasks.count ? classMasks[number] : single, single: single,
                locks: held.filter { after.contains($0) }, released: released)
            if !levels[top].reserve.isEmpty {
                if !isLocal || !walker.failures.isEmpty || taken.hasLooped {
                    levels[top].todo += levels[top].reserve
                    levels[top].total += levels[top].reserve.count
                } else {
                    table.trust(accesses)
                }
                levels[top].reserve = []
            }
        }
        for failure in walker.failures { fail(failure) }
        guard reductions.contains(.sleepSets) else { return }
        sleeping = levels[top].sleeping.filter { $0.task != choice && $0.commutes(with: accesses) }
        if !levels[top].todo.isEmpty { levels[top].sleeping.append(Sleeper(task: choice, accesses: accesses)) }
    }

    /// The last step failed; the run goes on.
    private func fail(_ failure: Failure) { shared.end(failure.fingerprint, note(failure), path) }

    private func note(_ failure: Failure) -> Failure {
        counts.failures += 1
        return failure
    }
}
