/// Steps in the order in which they were taken.
public final class Trace {
    /// One step.
    public struct Event: Sendable {
        /// Nanoseconds since boot.
        public let time: UInt64
        /// The task's number within the kernel.
        public let task: UInt32
        /// The task's name.
        public let name: String
        /// What it did.
        public let operation: Operation
        /// To what, as gates name it.
        public let object: String
        /// Which object of that name.
        public let id: UInt32
        /// The function that it was in, in the kernel's spelling.
        public let function: String
    }

    /// True while steps are recorded.
    public var isOn = false
    /// The steps, oldest first.
    public private(set) var events: [Event] = []
    /// How many steps are kept.
    public var capacity = 65_536

    /// Forgets all steps.
    public func clear() { events = [] }

    func record(_ kernel: Kernel, _ task: KernelTask, _ operation: Operation, _ object: KernelObject) {
        if events.count >= capacity { events.removeFirst(capacity / 4) }
        events.append(
            Event(
                time: kernel.mode == .live ? kernel.now : UInt64(events.count), task: task.serial, name: task.name,
                operation: operation, object: object.pointName, id: object.id,
                function: task.frames.last.map { KernelName.snake($0.function) } ?? ""))
    }
}
