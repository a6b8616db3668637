/// Steps in the order in which they were taken.
public final class Trace {
    /// What an event says about its step.
    public enum Kind: Sendable {
        /// The step was taken.
        case step
        /// The task began to wait for the step.
        case wait
        /// The task was stopped at the gate before or behind the step.
        case held
        /// The task started a task of the kernel's own, which `object` names.
        case start
    }

    /// One step, or the beginning of a wait for one.
    public struct Event: Sendable {
        /// What happened.
        public let kind: Kind
        /// Nanoseconds since boot; while exploring the number of the event.
        public let time: UInt64
        /// The task's number within the kernel.
        public let task: UInt32
        /// The task's name.
        public let name: String
        /// The task's process id.
        public let pid: Int32
        /// Its process group: all that one terminal started; 0 if nobody knows, or no process stands behind it.
        public let group: Int32
        /// What it did.
        public let operation: Operation
        /// To what, as gates name it.
        public let object: String
        /// Which object of that name.
        public let id: UInt32
        /// The function that it was in, in the kernel's spelling.
        public let function: String
        /// The tasks that it waits for, by number.
        public let holders: [UInt32]
        /// The references that the step left, of a node or module.
        public let count: Int?

        /// An event, e.g. of a schedule that is shown afterwards.
        public init(
            _ kind: Kind = .step, time: UInt64, task: UInt32, name: String, pid: Int32, group: Int32 = 0,
            operation: Operation, object: String, id: UInt32 = 0, function: String = "", holders: [UInt32] = [],
            count: Int? = nil
        ) {
            self.kind = kind
            self.time = time
            self.task = task
            self.name = name
            self.pid = pid
            self.group = group
            self.operation = operation
            self.object = object
            self.id = id
            self.function = function
            self.holders = holders
            self.count = count
        }
    }

    /// True while steps are recorded.
    public var isOn = false
    /// The steps, oldest first.
    public private(set) var events: [Event] = []
    /// What tasks did; without the lookups, which no task does.
    public var steps: [Event] { events.filter { $0.task != 0 } }
    /// What the tasks were started for, oldest first.
    public internal(set) var calls: [Call] = []
    /// True once there were more steps or calls than are kept.
    public private(set) var isCut = false
    /// How many steps are kept.
    public var capacity = 65_536

    /// How many events there were in all.
    public private(set) var recorded: UInt64 = 0

    /// Forgets all steps.
    public func clear() {
        events = []
        calls = []
        isCut = false
    }

    /// Makes room by forgetting the oldest.
    private func dropEvents() {
        events.removeFirst(capacity / 4)
        isCut = true
    }

    func dropCalls() {
        calls.removeFirst(capacity / 4)
        isCut = true
    }

    /// Notes that a process looked for a file, and found it or not. On a mount that is no step, for no task does it; an
    /// explored terminal takes a step there.
    public func recordLookup(_ kernel: Kernel, _ name: String, pid: Int32) {
        if events.count >= capacity { dropEvents() }
        recorded += 1
        events.append(
            Event(
                time: kernel.now, task: 0, name: kernel.nameOfProcess?(pid) ?? "", pid: pid,
                group: kernel.groupOfProcess?(pid) ?? 0, operation: .lookup, object: name))
    }

    func record(
        _ kernel: Kernel, _ task: KernelTask, _ operation: Operation, _ object: KernelObject, _ kind: Kind = .step
    ) {
        if events.count >= capacity { dropEvents() }
        recorded += 1
        events.append(
            Event(
                kind, time: kernel.mode == .live ? kernel.now : recorded, task: task.serial,
                name: task.name, pid: task.pid, group: group(of: task, kernel), operation: operation,
                object: object.pointName, id: object.id,
                function: task.lastFrame.map { KernelName.snake($0.function) } ?? "",
                holders: kind == .wait ? object.holders(against: operation).map(\.serial) : [],
                count: kind == .step ? object.count(after: operation) : nil))
    }

    /// Notes that a task started another, in the course of its last step.
    func recordStart(_ kernel: Kernel, _ task: KernelTask, of child: KernelTask) {
        if events.count >= capacity { dropEvents() }
        recorded += 1
        events.append(
            Event(
                .start, time: kernel.mode == .live ? kernel.now : recorded, task: task.serial, name: task.name,
                pid: task.pid, group: group(of: task, kernel), operation: .wake, object: "\(child.name):\(child.pid)",
                function: task.lastFrame.map { KernelName.snake($0.function) } ?? ""))
    }

    private func group(of task: KernelTask, _ kernel: Kernel) -> Int32 {
        task.isKernelThread ? 0 : kernel.groupOfProcess?(task.pid) ?? 0
    }
}
