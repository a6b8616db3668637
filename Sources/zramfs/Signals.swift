import Glibc

/// SIGINT and SIGTERM, waited for by a thread of their own.
enum Signals {
    /// Blocks them in this thread and all that it starts; call it before any other thread exists.
    static func block() {
        var set = signals
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `handler` with 1 for the first, 2 for the second, and so on.
    static func handle(_ handler: @escaping @Sendable (Int) -> Void) {
        let box = Unmanaged.passRetained(Box(handler))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { raw in
                let box = Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue()
                var set = Signals.signals
                var number: Int32 = 0
                var count = 0
                while sigwait(&set, &number) == 0 {
                    count += 1
                    box.handler(count)
                }
                return nil
            }, box.toOpaque())
        precondition(status == 0, "pthread_create failed with \(status)")
        pthread_detach(thread)
    }

    private static var signals: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGHUP)
        return set
    }

    private final class Box: Sendable {
        let handler: @Sendable (Int) -> Void
        init(_ handler: @escaping @Sendable (Int) -> Void) { self.handler = handler }
    }
}
