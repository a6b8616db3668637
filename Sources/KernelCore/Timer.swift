/// Sleeping. While exploring, time is no constraint: a sleep is a step that can be taken whenever it is picked.
public final class Timer: KernelObject {
    private var isOver = true

    /// Asks the host to call back after so many nanoseconds, in the kernel's isolation; the live bridge sets it.
    public typealias Alarm = (_ nanoseconds: UInt64, _ ring: @escaping () -> Void) -> Void

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool {
        kernel.mode == .exploring || isOver
    }

    /// Sleeps, as `msleep`; uninterruptible.
    public static func sleep(
        _ kernel: Kernel, milliseconds: UInt64, _ file: StaticString = #fileID, _ line: UInt32 = #line
    ) async {
        // While exploring all sleep on one: it has no state, and another for each sleep would make each a new state.
        let timer = kernel.sleep ?? Timer(kernel: kernel, name: "msleep")
        if kernel.mode == .live, milliseconds > 0, let alarm = kernel.alarm {
            timer.isOver = false
            alarm(milliseconds * 1_000_000) {
                timer.isOver = true
                timer.wakeWaiters()
            }
        }
        await kernel.step(.sleep, on: timer, file, line)
    }
}
