import CFuse3
import KernelCore
import Kernfs
import SystemPackage

/// A request that a task of the simulated kernel works on.
///
/// Touched in the isolation only, except by whoever answers it: then nobody else knows it any more.
final class Call: KernelWork {
    /// How it ended.
    enum Outcome {
        case read(KernfsText)
        case wrote(Int)
        case opened(OpenFile, directIO: Bool, keepCache: Bool)
        case failed(Errno)
    }

    /// What its task does.
    enum Work {
        case read(KernfsOpenFile, offset: Int, count: Int)
        case write(KernfsOpenFile, [UInt8])
        case other((Call) async throws(Errno) -> Outcome)
    }

    let pid: Int32
    private let work: Work
    /// The task; nil if it ended at once.
    var task: KernelTask?
    var outcome: Outcome?
    /// Its number among the calls that wait; 0 while the thread that took the request still attends to it.
    var ticket: UInt64 = 0
    /// Called with the outcome of a call that had to wait.
    var onEnd: ((Outcome) -> Void)?
    /// An oops has killed its task.
    private(set) var hasOopsed = false
    /// The caller was answered already: a late outcome is of no interest.
    var isAbandoned = false
    /// The number of its task, once it has one.
    private(set) var serial: UInt32 = 0
    /// The kernel that was there when it was taken is still there.
    var mayBegin = true
    /// The worker that has it in hand and may go on with others.
    var turn: Turn?
    /// Steps are recorded, and so is what they are for.
    var isRecorded = false
    /// The mirror itself waits for it.
    var isForHost = false
    /// The number of the transfer that it answers; 0 if it answers none.
    let unique: UInt64
    private var request: Request?
    private var transfer: Transfer?

    /// What came through libfuse.
    init(_ request: consuming Request, _ body: @escaping (Call) async throws(Errno) -> Outcome) {
        pid = request.pid
        unique = 0
        work = .other(body)
        self.request = consume request
    }

    /// What did not.
    init(_ transfer: consuming Transfer, _ work: Work) {
        pid = transfer.pid
        unique = transfer.unique
        self.work = work
        self.transfer = consume transfer
    }

    /// The file that it writes to, if it does.
    var stored: KernfsNode? {
        if case .write(let file, _) = work { file.node } else { nil }
    }

    /// Does the work, in its task.
    override func run(in task: KernelTask) async {
        serial = task.serial
        if isRecorded { record() }
        do throws(Errno) {
            switch work {
            case .read(let file, let offset, let count): end(.read(try await file.read(at: offset, count: count)))
            case .write(let file, let bytes): end(.wrote(try await file.write(bytes)))
            case .other(let body): end(try await body(self))
            }
        } catch {
            end(.failed(error))
        }
    }

    /// What the worker goes on with, if the call never had to wait.
    override func next() -> (pid: Int32, work: KernelWork)? {
        guard let turn, onEnd == nil, let next = turn.next(after: self) else { return nil }
        return (next.pid, next)
    }

    /// Opening is noted by whoever knows the path.
    private func record() {
        switch work {
        case .read(let file, _, _):
            let kernel = file.node.kernel
            kernel.trace.recordCall(kernel, .read, path: file.node.path, file: file.openedBy)
        case .write(let file, let bytes):
            let kernel = file.node.kernel
            // Only files of the laboratory take more than a page.
            let kept = bytes.count > KernfsOpenFile.page ? Array(bytes.prefix(KernfsOpenFile.page)) : bytes
            kernel.trace.recordCall(kernel, .write(kept), path: file.node.path, file: file.openedBy)
        case .other: break
        }
    }

    private func end(_ outcome: Outcome) {
        if let onEnd { onEnd(outcome) } else { self.outcome = outcome }
    }

    /// Its task was killed by an oops: so is the caller, or else he gets `EIO`, now and ever after.
    func kill() {
        outcome = .failed(.ioError)
        isAbandoned = true
        hasOopsed = true
        switch work {
        case .read(let file, _, _), .write(let file, _): file.isBroken = true
        case .other: break
        }
    }

    /// Has `post` called when the caller gets a signal.
    func onInterrupt(_ post: fuse_interrupt_func_t) { request?.onInterrupt(ticket, post) }

    /// Answers the caller; outside the isolation, for it is a system call.
    /// - Returns: the file that was opened for a caller who is gone.
    func answer() -> OpenFile? {
        // The caller is still in his system call, so that the number is his.
        if hasOopsed { Processes.kill(pid) }
        if let transfer = transfer.take() {
            switch outcome {
            case .read(let text): transfer.text(text)
            case .wrote(let count): transfer.wrote(count)
            case .failed(let error): transfer.fail(error)
            case .opened, nil: transfer.fail(.ioError)
            }
            return nil
        }
        guard let request = request.take() else { return nil }
        switch outcome {
        case .opened(let file, let directIO, let keepCache):
            var info = fuse_file_info()
            info.fh = file.retained()
            info.direct_io = directIO ? 1 : 0
            info.keep_cache = keepCache ? 1 : 0
            if request.opened(info) { return nil }
            OpenFile.handle(info.fh).release()
            return file
        case .failed(let error): request.fail(error)
        case .read, .wrote, nil: request.fail(.ioError)
        }
        return nil
    }
}
