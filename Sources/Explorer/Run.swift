import KernelCore
import KernelModule
import Machine
import Zram

/// A bit for each task, by number.
typealias TaskMask = UInt64

/// One run of a scenario: a fresh machine, booted and set up, whose terminals take the steps that they are told.
///
/// Swift tasks cannot be copied: going back means another run, and the same steps again.
final class Run {
    let machine: Machine
    let setting: Setting
    /// The terminals' tasks, and behind them those that they started.
    private(set) var tasks: [KernelTask] = []
    let terminals: [Terminal]
    /// What has gone wrong so far. A warning ends nothing, and an oops only its task, which keeps what it holds.
    private(set) var failures: [Failure] = []
    /// The first of it.
    var failure: Failure? { failures.first }
    /// Code was freed under a task: where that had come to is nobody's business, and so is what comes after.
    private(set) var isBroken = false
    /// The task that takes a step now.
    private var stepping: KernelTask?
    private var refusals: Set<Int> = []
    /// Hash of each task's local state.
    private(set) var local: [UInt64] = []
    private var localSum: UInt64 = 0
    private let known: Int
    var kernel: Kernel { machine.kernel }

    /// - Parameters:
    ///   - isDetailed: keep shadow stacks, for reports.
    ///   - coverage: takes what the terminals do.
    ///   - onText: takes what a terminal shows.
    init(
        _ setting: Setting, executor: KernelExecutor, memory: EmptyMemory, isDetailed: Bool = false,
        coverage: CoverageLog? = nil, onText: ((Int, String) -> Void)? = nil
    ) {
        self.setting = setting
        guard
            let machine = try? Machine(setting.configuration, mode: .exploring, executor: executor, memory: memory)
        else { fatalError("a fresh machine has no name twice") }
        self.machine = machine
        let kernel = machine.kernel
        kernel.keepsFrames = isDetailed
        kernel.runsFreely = true
        machine.boot()
        executor.drain()
        let mounted = MountState()
        if let setup = setting.scenario.setup, let failure = Self.setUp(setup, machine, mounted) {
            failures = [failure]
            isBroken = true
        }
        kernel.runsFreely = false
        kernel.coverage = coverage
        known = kernel.tasks.count
        terminals = setting.scenario.terminals.enumerated().map { number, script in
            let scripts = setting.scenario.terminals
            return Terminal(
                script, machine: machine, mounted: mounted,
                number: scripts.firstIndex { $0.seed == script.seed } ?? number, refused: setting.scenario.refused)
        }
        // Not counted, for it is called at each step: nothing steps once `deinit` has begun.
        kernel.onEvent = { [unowned self] in note($0) }
        if let onText {
            for (number, terminal) in terminals.enumerated() { terminal.onText = { onText(number, $0) } }
        }
        for terminal in terminals { kernel.spawn(terminal.script.name) { _ in await terminal.run() } }
        adopt()
        for number in terminals.indices { judge(number) }
    }

    deinit {
        kernel.onEvent = nil
        kernel.halt()
    }

    /// Runs the set-up, alone.
    ///
    /// - Returns: what is wrong with it.
    private static func setUp(_ script: Script, _ machine: Machine, _ mounted: MountState) -> Failure? {
        let terminal = Terminal(script, machine: machine, mounted: mounted, number: -1, refused: [])
        terminal.isSetup = true
        let task = machine.kernel.spawn("setup") { _ in await terminal.run() }
        machine.kernel.executor.drain()
        let hangs =
            task.state == .ended ? nil : ScenarioError(file: script.file, line: 0, says: "the set-up does not end")
        return (terminal.mistake ?? hangs).map { Failure(verdict: .invalid, what: $0.description, task: 0) }
    }

    /// Takes in tasks that were born: they begin at once, for what they do up to their first step is nobody's business.
    private func adopt() {
        kernel.executor.drain()
        while known + tasks.count < kernel.tasks.count {
            guard tasks.count < TaskMask.bitWidth else {
                let what = "more than \(TaskMask.bitWidth) tasks at once: nobody looked further"
                if !isBroken {
                    isBroken = true
                    failures.append(Failure(verdict: .undecided, what: what, task: tasks.count - 1))
                }
                return
            }
            let task = kernel.tasks[known + tasks.count]
            tasks.append(task)
            local.append(0)
            if task.state == .parked, task.pending == nil { kernel.resume(task) }
            rehash(tasks.count - 1)
        }
    }

    /// Lets a task take its next step.
    @inline(__always)
    func step(_ number: Int) {
        stepping = tasks[number]
        kernel.resume(tasks[number])
        stepping = nil
        rehash(number)
        if known + tasks.count < kernel.tasks.count { adopt() }
        if number < terminals.count { judge(number) }
    }

    /// What a terminal itself says has gone wrong.
    private func judge(_ number: Int) {
        if let mistake = terminals[number].mistake {
            if isBroken { return }
            isBroken = true
            failures.append(Failure(verdict: .invalid, what: mistake.description, task: number))
        } else if let errno = terminals[number].wasRefused, refusals.insert(number).inserted {
            failures.append(
                Failure(verdict: .refused, what: "\(terminals[number].script.name): \(errno)", task: number))
        }
    }

    @inline(__always)
    private func rehash(_ number: Int) {
        let task = tasks[number]
        let seed =
            number < terminals.count
            ? (setting.isSymmetric ? terminals[number].script.seed : UInt64(number)) : 0x5eed &+ UInt64(number)
        var hash = mix(task.history, seed)
        if let pending = task.pending {
            hash = mix(hash, UInt64(pending.operation.rawValue) << 32 | UInt64(pending.object.id))
        }
        switch task.state {
        case .ended: hash = mix(seed, 3)
        case .dead: hash = mix(hash, 5)
        default: break
        }
        localSum &+= hash &- local[number]
        local[number] = hash
    }

    /// The state, up to a renaming of interchangeable tasks.
    @inline(__always)
    var fingerprint: UInt64 { mix(kernel.sharedFingerprint, localSum) }

    /// Freed memory to which tasks may point, and a bit for each of them.
    var dangling: [Dangling] {
        kernel.pinnedMemory.map { id in
            Dangling(
                memory: id,
                tasks: tasks.indices.reduce(0) { tasks[$1].knows(id) ? $0 | TaskMask(1) << $1 : $0 })
        }
    }

    @inline(__always)
    func isEnabled(_ number: Int) -> Bool { kernel.isEnabled(tasks[number]) }

    @inline(__always)
    func isOver(_ number: Int) -> Bool { tasks[number].state == .ended }

    /// A cycle of waits among tasks that cannot go on, whatever the others do.
    func cycle() -> Failure? {
        for start in tasks.indices where isStuck(start) {
            var here = start
            for _ in tasks.indices {
                guard let pending = tasks[here].pending else { break }
                guard
                    let next = pending.object.holders(against: pending.operation).lazy
                        .compactMap({ holder in self.tasks.firstIndex { $0 === holder } })
                        .first(where: { self.isStuck($0) })
                else { break }
                here = next
                if here == start {
                    return Failure(verdict: .deadlock, what: describeCycle(from: start), task: start)
                }
            }
        }
        return nil
    }

    func describeCycle(from start: Int) -> String {
        tasks.indices.filter { isStuck($0) }.map { number in
            guard let pending = tasks[number].pending else { return tasks[number].name }
            let holders = pending.object.holders(against: pending.operation).map(\.name).joined(separator: ", ")
            return "\(tasks[number].name) waits for \(pending.object.name)"
                + (holders.isEmpty ? "" : ", which \(holders) holds")
        }.joined(separator: "; ")
    }

    private func note(_ event: KernelEvent) {
        func number(_ task: KernelTask) -> Int { tasks.firstIndex { $0 === task } ?? 0 }
        switch event {
        case .oops(let oops):
            if let stepping, oops.task !== stepping { isBroken = true }
            failures.append(
                Failure(verdict: .useAfterFree, what: "\(oops.task.name): \(oops.what)", task: number(oops.task)))
        case .warning(let warning):
            failures.append(
                Failure(
                    verdict: warning.kind == "instances-left" ? .instancesLeft : .warning,
                    what: "\(warning.task.name): \(warning.text.isEmpty ? warning.kind : warning.text)",
                    task: number(warning.task)))
        case .cycle, .inversion, .stack: break
        }
    }
}

extension Run {
    /// A final state of a run that is not followed behind its first failure.
    var finalFingerprint: UInt64 { failure?.fingerprint ?? endFingerprint }

    /// A final state, however its run came to it, and whichever of two equal terminals is which.
    var endFingerprint: UInt64 {
        var sum: UInt64 = 0
        for (number, task) in tasks.enumerated() {
            var hash = number < terminals.count ? terminals[number].script.seed : 77
            hash = mix(hash, isOver(number) ? 3 : task.state == .dead ? 5 : 7)
            if !isOver(number), let pending = task.pending {
                hash = mix(hash, UInt64(pending.operation.rawValue) << 32 | UInt64(pending.object.id))
            }
            sum &+= mix(hash, hash)
        }
        // What was freed is no longer there, whoever pointed to it.
        return mix(kernel.sharedFingerprint &- kernel.freedFingerprint, sum)
    }
}
