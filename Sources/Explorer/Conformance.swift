import KernelCore
import Zram

/// A step that was taken on a live mount, by a terminal or by a task that the kernel started for one.
public struct LiveStep: Sendable, Equatable {
    /// The task, as schedules number them: terminals first (`Scenario.terminalNames`), then the kernel's own in the order of
    /// their birth.
    public let task: Int
    /// What it did; nil: it started the kernel's next task, in the course of its last step.
    public let operation: Operation?
    /// To what, as gates name it; or the name of the new task.
    public let object: String

    /// A step.
    public init(task: Int, operation: Operation, object: String) {
        self.task = task
        self.operation = operation
        self.object = object
    }

    /// A birth.
    public init(task: Int, starting name: String) {
        self.task = task
        operation = nil
        object = name
    }
}

/// Whether what live mounts did are paths of the explored graph, and how much of the graph they went through.
///
/// The graph has all files of the tree, as a mount has, and no reduction. Looking up a
/// path is a step of the explorer, and an entry of the trace. Steps that only the explorer has (the text of a module, a
/// shell's sleep) are taken when their task comes on. A task that the kernel starts is followed from its birth, which is an
/// entry of the trace too.
public final class Conformance {
    /// Where a trace left the graph.
    public struct Mismatch: Codable, Sendable, Equatable {
        /// The step of the trace, from 1.
        public let step: Int
        /// What the trace says, and what was possible there.
        public let what: String
        /// The steps before it, the last ones alone.
        public let before: [String]
    }

    /// What was found out about a number of traces.
    public struct Report: Codable, Sendable {
        /// Traces that were followed.
        public var traces = 0
        /// Those that are paths of the graph.
        public var conforming = 0
        /// Steps that were followed.
        public var steps = 0
        /// Tasks that the kernel started in them.
        public var kernelTasks = 0
        /// Different states that they went through.
        public var states = 0
        /// States of the graph; nil if it is too large to be built.
        public var graphStates: Int?
        /// Different steps between states.
        public var transitions = 0
        /// Steps between states that the graph has.
        public var graphTransitions: Int?
        /// What traces ended in, by verdict: there the graph ends, and what follows in the trace is not looked at.
        public var failures: [String: Int] = [:]
        /// The first trace that is no path, and why.
        public var mismatch: Mismatch?
    }

    private let setting: Setting
    private let graph: StateGraph?
    private var seen: Set<UInt64> = []
    private var taken: Set<[UInt64]> = []
    /// What was found out so far.
    public private(set) var report = Report()

    /// - Parameter limit: the graph is built, and the share that was covered is known, if it has no more states.
    public init(_ scenario: Scenario, patches: Set<Patch>, limit: Int = 200_000) {
        setting = Setting(scenario, patches, isSymmetric: false, isWhole: true)
        let graph = setting.isUnbounded ? nil : StateGraph.recalling(setting, limit: limit)
        self.graph = graph?.isComplete == true ? graph : nil
        report.graphStates = self.graph?.nodes.count
        report.graphTransitions = self.graph?.nodes.reduce(0) { $0 + $1.edges.count }
    }

    /// Follows a trace.
    /// - Returns: where it leaves the graph; nil if it is a path.
    @discardableResult
    public func follow(_ steps: [LiveStep]) -> Mismatch? {
        let executor = KernelExecutor()
        let mismatch = follow(steps, Run(setting, executor: executor, memory: EmptyMemory()))
        executor.retire()
        report.traces += 1
        if mismatch == nil { report.conforming += 1 }
        if report.mismatch == nil { report.mismatch = mismatch }
        report.states = seen.count
        report.transitions = taken.count
        return mismatch
    }

    private func text(of step: LiveStep) -> String {
        let terminals = setting.scenario.terminalNames
        let name = terminals.indices.contains(step.task) ? terminals[step.task] : "the kernel's task \(step.task)"
        return "\(name): " + (step.operation.map { "\($0.name) of \(step.object)" } ?? "starts \(step.object)")
    }

    // What a task is about to do is looked at in functions of its own: whoever keeps `pending` while the step is taken keeps
    // its object, and what nobody refers to any more is no longer part of the state.

    /// True before a step that only the explorer has.
    private static func isPassedOver(_ task: KernelTask, _ step: LiveStep) -> Bool {
        guard let operation = task.pending?.operation else { return false }
        return [.lookup, .text, .sleep].contains(operation) && operation != step.operation
    }

    /// Why the task does not take that step next; nil if it does.
    private static func obstacle(_ task: KernelTask, _ step: LiveStep) -> String? {
        guard let pending = task.pending else { return "but it has ended" }
        if pending.operation.name == step.operation?.name, pending.object.pointName == step.object { return nil }
        return "but here it can only do \(pending.operation.name) of \(pending.object.pointName)"
    }

    private func follow(_ steps: [LiveStep], _ run: Run) -> Mismatch? {
        var here = run.fingerprint
        seen.insert(here)
        // How many tasks the trace has told of.
        var born = run.terminals.count
        func take(_ number: Int) {
            run.step(number)
            let next = run.fingerprint
            taken.insert([here, UInt64(number), next])
            seen.insert(next)
            here = next
        }
        for (place, step) in steps.enumerated() {
            func mismatch(_ what: String) -> Mismatch {
                Mismatch(
                    step: place + 1, what: "\(text(of: step)), \(what)",
                    before: steps[max(0, place - 12)..<place].map(text))
            }
            if step.operation == nil {
                guard born < run.tasks.count, run.tasks[born].name == step.object else {
                    return mismatch("but here it does not")
                }
                born += 1
                report.kernelTasks += 1
                continue
            }
            if born < run.tasks.count { return mismatch("but here \(run.tasks[born].name) is started before that") }
            guard run.tasks.indices.contains(step.task) else { return mismatch("but there is no such task") }
            let task = run.tasks[step.task]
            if step.operation == .lookup {
                // What a shell looks for beside what it opens is nobody's business.
                if task.pending?.operation == .lookup, run.isEnabled(step.task) { take(step.task) }
                continue
            }
            while Self.isPassedOver(task, step), run.isEnabled(step.task) { take(step.task) }
            if let what = Self.obstacle(task, step) { return mismatch(what) }
            guard run.isEnabled(step.task) else { return mismatch("but it has to wait here") }
            take(step.task)
            report.steps += 1
            if let failure = run.failure {
                report.failures[failure.verdict.rawValue, default: 0] += 1
                return nil
            }
            if let graph, graph.index[here] == nil {
                return mismatch("which leads to a state that the graph does not have")
            }
        }
        if run.tasks.indices.allSatisfy({ !run.isEnabled($0) }), let failure = run.endFailure() {
            report.failures[failure.verdict.rawValue, default: 0] += 1
        }
        return nil
    }
}
