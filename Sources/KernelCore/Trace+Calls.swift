extension Trace {
    /// What a task of a mount was started for: one system call on one of its files.
    public struct Call: Sendable, Equatable {
        /// What was called.
        public enum Kind: Sendable, Equatable {
            case open(write: Bool)
            case read
            case write([UInt8])
            /// Of a device; closing an attribute is no task.
            case close
        }

        /// The task's number within the kernel.
        public let task: UInt32
        /// The thread that called; 0 for what the host did.
        public let pid: Int32
        /// Its name.
        public let name: String
        /// The open file: the number of the task that opened it.
        public let file: UInt32
        /// The file's path in the tree.
        public let path: String
        /// What was called.
        public let kind: Kind
        /// How many events were recorded before it.
        public let place: UInt64

        /// A call, e.g. of a recording that is read again.
        public init(
            task: UInt32, pid: Int32, name: String, file: UInt32, path: String, kind: Kind, place: UInt64 = 0
        ) {
            self.task = task
            self.pid = pid
            self.name = name
            self.file = file
            self.path = path
            self.kind = kind
            self.place = place
        }
    }

    /// Notes what the current task was started for, if steps are recorded.
    ///
    /// - Parameter file: the number of the task that opened the file; nil: this one does.
    public func recordCall(_ kernel: Kernel, _ kind: Call.Kind, path: @autoclosure () -> String, file: UInt32? = nil) {
        guard isOn else { return }
        let task = kernel.current
        if calls.count >= capacity { dropCalls() }
        calls.append(
            Call(
                task: task.serial, pid: task.pid, name: task.name, file: file ?? task.serial, path: path(), kind: kind,
                place: recorded))
    }
}
