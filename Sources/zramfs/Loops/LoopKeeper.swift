import CRunShims
import Glibc
import Synchronization

/// The process that has the loop devices open, as the daemon sees it. One caller at a time.
final class LoopKeeper: @unchecked Sendable {
    // Unchecked: `channel` belongs to the caller; `pid` is set before the thread that reads it starts.
    /// Milliseconds that an answer may take: longer, and the process hangs.
    private static let limit: Int32 = 20_000
    private let pid: Int32
    private var channel: LineChannel
    private let hasEnded = Atomic(false)

    /// Starts it; nil, with errno, if that fails.
    ///
    /// - Parameter onEnd: called on a thread of its own when it has ended unasked.
    init?(_ mountPoint: String, onEnd: @escaping @Sendable () -> Void) {
        var ends: [Int32] = [0, 0]
        guard zr_channel(&ends) == 0 else { return nil }
        pid = Process.serve(["zramfs", "loops", mountPoint], channel: ends[1]) ?? -1
        channel = LineChannel(ends[0])
        close(ends[1])
        guard pid > 0 else {
            close(ends[0])
            return nil
        }
        Thread.start { [self] in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            if !hasEnded.exchange(true, ordering: .sequentiallyConsistent) { onEnd() }
        }
    }

    deinit { close(channel.descriptor) }

    /// True if it is there no longer.
    var isGone: Bool { hasEnded.load(ordering: .sequentiallyConsistent) }

    /// - Returns: the answer's words; nil, and the process is given up, if there is none.
    func ask(_ line: String, within milliseconds: Int32 = limit) -> [Substring]? {
        guard !isGone, channel.write(line), let answer = channel.read(within: milliseconds) else {
            if !isGone { kill(pid, SIGKILL) }
            return nil
        }
        return answer.split(separator: " ")
    }

    /// Has it write out what is cached and detach the devices, while the daemon still serves.
    func end() {
        _ = ask("end", within: 5_000)
        hasEnded.store(true, ordering: .sequentiallyConsistent)
    }
}

/// A thread that nobody joins.
enum Thread {
    static func start(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "pthread_create failed with \(status)")
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
