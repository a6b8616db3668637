extension Kernel {
    /// Notes that the task now holds a lock or a reference.
    @inline(__always)
    public func hold(
        _ object: KernelObject, _ mode: Hold.Mode, by task: KernelTask, _ file: StaticString, _ line: UInt32
    ) {
        task.holds.append(
            Hold(
                object: object, lockIndex: object.lockClass?.index ?? -1, mode: mode, since: 0,
                function: task.frames.last?.function ?? "", file: file, line: line))
    }

    /// Notes that the task gave a lock or a reference back.
    @inline(__always)
    public func release(_ object: KernelObject, by task: KernelTask) {
        if let last = task.holds.last, last.object === object {
            task.holds.removeLast()
        } else if let place = task.holds.lastIndex(where: { $0.object === object }) {
            task.holds.remove(at: place)
        }
    }
}

extension KernelTask {
    /// True if the task holds the object, in any mode.
    public func isHolding(_ object: KernelObject) -> Bool { holds.contains { $0.object === object } }
}
