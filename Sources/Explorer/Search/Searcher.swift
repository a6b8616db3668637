import KernelCore
import Zram

/// One thread's depth-first search, with restart: a run is dropped when it reaches a state that was seen, and a fresh
/// one replays the schedule up to the next branch.
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
    private let executor = KernelExecutor()
    private let memory = EmptyMemory()
    private var path: [UInt8] = []
    private var levels: [Level] = []
    private var base = 0
    private var sleeping: [Sleeper] = []
    private var classMasks: [UInt32] = []
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
        let scripts = setting.scenario.terminals
        classMasks = scripts.map { script in
            scripts.indices.reduce(0) { scripts[$1].seed == script.seed ? $0 | 1 << UInt32($1) : $0 }
        }
    }

    /// Works until the pool has nothing left.
    func work() {
        while let branch = shared.pool.take() { search(branch) }
        executor.retire()
    }

    private func search(_ branch: WorkPool.Branch) {
        path = branch.path
        weight = branch.weight
        givenWeight = 0
        base = max(0, path.count - 1)
        levels = path.isEmpty ? [] : [Level(sleeping: branch.sleeping)]
        sleeping = []
        while true {
            let before = counts.steps
            let isInterrupted = run()
            if counts.runs & 31 == 0 { shared.note(number, fraction) }
            shared.tick(counts.steps - before)
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
        shared.note(number, fraction)
        if isInterrupted {
            if !path.isEmpty { counts.transitions -= 1 }
            let place = levels.count - 1
            leftovers.append(
                WorkPool.Branch(
                    path: path, sleeping: levels.last?.sleeping ?? [],
                    weight: place < 0 ? weight : levels.reduce(weight) { $0 / Double($1.total) }))
        }
        for place in levels.indices { leftovers += levels[place].todo.map { branch(at: place, $0) } }
    }

    /// - Returns: true if it was stopped on the way.
    private func run() -> Bool {
        let run = Run(setting, executor: executor, memory: memory)
        counts.runs += 1
        for place in 0..<max(0, path.count - 1) { run.step(Int(path[place])) }
        counts.steps += path.count
        sleeping = []
        if !path.isEmpty { take(run) }
        while !table.isBroken, !shared.pool.isStopped {
            if let failure = run.failure ?? (setting.isUnbounded ? run.cycle() : nil) {
                end(run, failure)
                return false
            }
            guard extend(run) else { return false }
            counts.steps += 1
            take(run)
        }
        if table.isBroken { shared.pool.stop() }
        return true
    }

    /// Chooses the next step; false if this run has nothing more to tell.
    private func extend(_ run: Run) -> Bool {
        var chosen: [UInt8]?
        if reductions.contains(.fingerprints) {
            let hashes = sleeping.isEmpty ? [] : sleeping.map { run.local[Int($0.task)] }
            switch shared.states.visit(run.fingerprint, sleeping: hashes) {
            case .new: break
            case .known: return false
            case .awake(let awake):
                chosen =
                    sleeping.isEmpty && awake.isEmpty ? nil : choices(run).filter { awake.contains(run.local[Int($0)]) }
            }
        } else {
            shared.countState()
        }
        if path.count >= shared.depthLimit {
            shared.isCut = true
            return false
        }
        if reductions.contains(.localSteps) {
            learnWaits(run)
            if table.isBroken { return false }
        }
        var level = Level(sleeping: sleeping)
        if let chosen {
            level.todo = chosen
        } else {
            var enabled = choices(run)
            if enabled.isEmpty {
                if run.tasks.indices.allSatisfy({ !run.isEnabled($0) }) { end(run, run.endFailure()) }
                return false
            }
            if !sleeping.isEmpty { enabled.removeAll { choice in sleeping.contains { $0.task == choice } } }
            level.todo = enabled
            if reductions.contains(.localSteps), enabled.count > 1,
                let place = enabled.firstIndex(where: { looksLocal(run.tasks[Int($0)]) })
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
    private func learnWaits(_ run: Run) {
        for number in run.tasks.indices where !run.isOver(number) && !run.isEnabled(number) {
            let task = run.tasks[number]
            guard let pending = task.pending else { continue }
            let single = UInt32(1) << UInt32(number)
            _ = table.learn(
                [pending.object.accessID << 1 | 1], tasks: number < classMasks.count ? classMasks[number] : single,
                single: single, locks: task.exclusiveAccesses, released: nil)
        }
    }

    private func choices(_ run: Run) -> [UInt8] {
        var result: [UInt8] = []
        for number in run.tasks.indices where run.isEnabled(number) {
            if reductions.contains(.symmetry), result.contains(where: { run.local[Int($0)] == run.local[number] }) {
                continue
            }
            result.append(UInt8(number))
        }
        return result
    }

    private func looksLocal(_ task: KernelTask) -> Bool {
        guard let pending = task.pending else { return true }
        return pending.operation.isRelease || !table.isShared(pending.object.accessID)
    }

    /// Takes the last step of the path for the first time, and sees what it does.
    private func take(_ run: Run) {
        let choice = path[path.count - 1]
        let number = Int(choice)
        let task = run.tasks[number]
        let kernel = run.kernel
        let held = task.exclusiveAccesses
        let released = task.pending.flatMap { $0.operation.isRelease ? $0.object.accessID : nil }
        if number < run.terminals.count { run.terminals[number].hasLooped = false }
        kernel.accesses.clear()
        kernel.accesses.isOn = true
        run.step(number)
        kernel.accesses.isOn = false
        counts.transitions += 1
        let accesses = kernel.accesses.list
        let top = levels.count - 1
        if reductions.contains(.localSteps) {
            let after = task.exclusiveAccesses
            let single = UInt32(1) << UInt32(number)
            let isLocal = table.learn(
                accesses, tasks: number < classMasks.count ? classMasks[number] : single, single: single,
                locks: held.filter { after.contains($0) }, released: released)
            if !levels[top].reserve.isEmpty {
                if !isLocal || run.failure != nil || number < run.terminals.count && run.terminals[number].hasLooped {
                    levels[top].todo += levels[top].reserve
                    levels[top].total += levels[top].reserve.count
                } else {
                    table.trust(accesses)
                }
                levels[top].reserve = []
            }
        }
        guard reductions.contains(.sleepSets) else { return }
        sleeping = levels[top].sleeping.filter { $0.task != choice && $0.commutes(with: accesses) }
        if !levels[top].todo.isEmpty { levels[top].sleeping.append(Sleeper(task: choice, accesses: accesses)) }
    }

    private func end(_ run: Run, _ failure: Failure?) {
        if failure != nil { counts.failures += 1 }
        shared.end(run.finalFingerprint, failure, path)
    }
}
