import Synchronization
import SystemPackage

/// What the host does for a task that waits meanwhile: it may take for ever, and nobody else waits for it.
///
/// The kernel function is `submit_bio_wait`.
public final class HostCall: KernelObject {
    private var isOver = false

    /// Does the work on a thread of its own, and then calls `done` in the kernel's isolation, once; `done` alone if
    /// nobody serves the kernel any more. The live bridge sets it.
    public typealias Perform = (_ work: @escaping @Sendable () -> Void, _ done: @escaping () -> Void) -> Void

    public override func admits(_ operation: Operation, _ task: KernelTask) -> Bool { isOver }

    /// Has the host do it; uninterruptible. While exploring, and where nobody serves the kernel, it is done at once.
    ///
    /// - Parameter name: what the task waits in, as its stack shows it.
    /// - Throws: what the body throws; `EIO` if the kernel ends before it does.
    public static func run<R: Sendable>(
        _ kernel: Kernel, _ name: String, _ body: @escaping @Sendable () throws(Errno) -> R,
        _ file: StaticString = #fileID, _ line: UInt32 = #line
    ) async throws(Errno) -> R {
        guard kernel.mode == .live, !kernel.isHalting, let perform = kernel.onHost else { return try body() }
        let call = HostCall(kernel: kernel, name: name)
        let answer = HostAnswer<R>()
        perform({ answer.give(body) }) {
            call.isOver = true
            call.wakeWaiters()
        }
        await kernel.step(.wait, on: call, file, line)
        guard let result = answer.result else { throw .ioError }
        return try result.get()
    }
}

/// What a thread of the host has to say.
private final class HostAnswer<R: Sendable>: Sendable {
    private let state = Synchronization.Mutex<Result<R, Errno>?>(nil)

    var result: Result<R, Errno>? { state.withLock { $0 } }

    func give(_ body: () throws(Errno) -> R) {
        let result = Result { () throws(Errno) in try body() }
        state.withLock { $0 = result }
    }
}
