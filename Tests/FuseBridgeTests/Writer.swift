import Glibc
import SystemPackage

@testable import FuseBridge

/// A thread that writes one line to a file.
final class Writer: @unchecked Sendable {
    // Unchecked: `thread` is set before anybody else sees the object.
    private var thread = pthread_t()
    private let outcome = Monitor<(isDone: Bool, error: Errno?)>((false, nil))

    init(_ path: String) {
        // A handler without SA_RESTART: the signal ends the system call and does nothing else.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR1, &action, nil)
        thread = TestMount.start { [self] in
            // The threads of a test runner block all signals.
            var only = sigset_t()
            sigaddset(&only, SIGUSR1)
            pthread_sigmask(SIG_UNBLOCK, &only, nil)
            var error: Errno?
            do throws(Errno) {
                try Client(path, O_WRONLY).write("1\n")
            } catch let failure {
                error = failure
            }
            outcome.change { $0 = (true, error) }
        }
    }

    deinit { pthread_detach(thread) }

    var isDone: Bool { outcome.change { $0.isDone } }

    /// The errno of the write, nil if it went well; waits for its end.
    var result: Errno? {
        while !isDone { usleep(500) }
        return outcome.change { $0.error }
    }

    func signal() { pthread_kill(thread, SIGUSR1) }
}
