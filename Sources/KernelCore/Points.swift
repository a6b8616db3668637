/// The gates: named places of the simulated code, before and after each step, at which a task can be stopped.
///
/// `OBJECT.STEP` is the place before a step, `OBJECT.STEP.done` the place behind it. A closed gate makes a race a
/// certainty with shell tools and no sleeps.
public final class Points {
    /// One gate.
    public final class Point {
        /// Its name.
        public let name: String
        /// How many more tasks it stops.
        public internal(set) var budget = 0
        /// Only tasks that are in this function of the kernel.
        public internal(set) var function: String?
        /// Only the task with this pid.
        public internal(set) var pid: Int32?
        /// The tasks that stand at it.
        public internal(set) var held: [KernelTask] = []

        init(name: String) { self.name = name }

        func stops(_ task: KernelTask) -> Bool {
            guard budget > 0 else { return false }
            if let pid, task.pid != pid { return false }
            if let function { return task.frames.contains { KernelName.snake($0.function) == function } }
            return true
        }
    }

    /// The gates by name, as declared by the code.
    public private(set) var byName: [String: Point] = [:]
    /// Gates that stop somebody, or hold somebody.
    public private(set) var armed = 0
    /// Off while exploring: there, every step is a gate.
    public var isOn = false
    /// Called when a task arrives at a gate.
    public var onArrival: (() -> Void)?
    /// Called with each gate that is declared, e.g. when a module is loaded.
    public var onDeclare: ((Point) -> Void)?

    /// Says that the code has these steps on objects of that name.
    @inline(__always)
    public func declare(_ object: String, _ operations: [Operation]) {
        if isOn { add(object, operations) }
    }

    private func add(_ object: String, _ operations: [Operation]) {
        for operation in operations {
            for name in ["\(object).\(operation.name)", "\(object).\(operation.name).done"] where byName[name] == nil {
                let point = Point(name: name)
                byName[name] = point
                onDeclare?(point)
            }
        }
    }

    /// Closes a gate for the next `count` tasks that match.
    public func hold(_ point: Point, count: Int, function: String? = nil, pid: Int32? = nil) {
        point.budget = count
        point.function = function
        point.pid = pid
        recount()
    }

    /// Lets the tasks that stand at a gate go on: all, or the first `count`. The gate stops nobody else unless told.
    public func go(_ point: Point, count: Int = .max) {
        let leaving = point.held.prefix(count)
        point.held.removeFirst(leaving.count)
        recount()
        for task in leaving { task.resume() }
    }

    /// Opens a gate and lets everybody on.
    public func clear(_ point: Point) {
        point.budget = 0
        go(point)
    }

    func recount() { armed = byName.values.count { $0.budget > 0 || !$0.held.isEmpty } }
}

extension Kernel {
    /// Passes the gate before a step that is not one of the explorer's: what it does belongs to the step before.
    @inlinable @inline(__always)
    public func gate(_ operation: Operation, on object: KernelObject) async {
        if points.armed > 0 { await passGate(current, operation, object, done: false) }
    }

    /// Stops the task if the gate before (or behind) the step is closed for it.
    @usableFromInline
    func passGate(_ task: KernelTask, _ operation: Operation, _ object: KernelObject, done: Bool) async {
        guard points.armed > 0, task.state == .running else { return }
        let name = "\(object.pointName).\(operation.name)\(done ? ".done" : "")"
        guard let point = points.byName[name], point.stops(task) else { return }
        if point.budget != .max { point.budget -= 1 }
        task.state = .held
        task.beginsToWait(at: now)
        task.pending = Pending(operation: operation, object: object, since: now, file: "", line: 0)
        point.held.append(task)
        if trace.isOn { trace.record(self, task, operation, object, .held) }
        points.recount()
        points.onArrival?()
        while !isHalting, point.held.contains(where: { $0 === task }) { await task.suspend() }
        task.pending = nil
        task.state = .running
    }
}
