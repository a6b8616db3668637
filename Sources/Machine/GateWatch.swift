import KernelCore
import SystemPackage

/// Where writers of `wait` stand until a task arrives at their gate. It has no gate itself.
final class GateWatch: KernelObject {
    private var watched: [ObjectIdentifier: Points.Point] = [:]

    init(kernel: Kernel) { super.init(kernel: kernel, name: "gates") }

    override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        guard let point = watched[ObjectIdentifier(task)] else { return true }
        return task.hasSignal || !point.held.isEmpty
    }

    /// Waits until a task stands at the gate.
    ///
    /// - Throws: `EINTR` if a signal ended the wait.
    func wait(for point: Points.Point) async throws(Errno) {
        let me = ObjectIdentifier(kernel.current)
        watched[me] = point
        await kernel.step(.waitInterruptible, on: self)
        watched[me] = nil
        if point.held.isEmpty || kernel.isHalting { throw .interrupted }
    }
}
