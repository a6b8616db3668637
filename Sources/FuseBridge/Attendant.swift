import CFuse3

/// The thread that does what no handler may: passes interrupts on, notifies pollers, rings alarms, ends the loop.
///
/// Its mailbox is a leaf among the locks: mail may be posted from anywhere, under libfuse's locks and in the isolation.
final class Attendant: Sendable {
    private struct Mail {
        var interrupts: [UInt64] = []
        var polls: [OpaquePointer] = []
        /// What is to be done later, soonest first.
        var later: [(due: UInt64, work: Work)] = []
        /// Set: end the loop, time and again until it has ended.
        var stop: (@Sendable () -> Void)?
        var isOver = false
    }

    /// What there is to do now.
    private enum Work {
        case interrupt(UInt64)
        case lockInterrupt(UInt64)
        case poll(OpaquePointer)
        case alarm(UInt64)
        case stop(@Sendable () -> Void)
        case over
    }

    private static let stopInterval: UInt64 = 5_000_000
    private static let signalInterval: UInt64 = 50_000_000
    private let mail = Monitor(Mail())

    /// A caller got a signal.
    func post(interrupt ticket: UInt64) { mail.change { $0.interrupts.append(ticket) } }

    /// A caller who waits for a lock got a signal.
    func post(lockInterrupt ticket: UInt64) { post(.lockInterrupt(ticket), after: 0) }

    /// A poller is to be told; the handle is handed over.
    func post(poll handle: OpaquePointer) { mail.change { $0.polls.append(handle) } }

    /// An alarm is to ring after so many nanoseconds.
    func post(alarm number: UInt64, after nanoseconds: UInt64) {
        post(.alarm(number), after: nanoseconds)
    }

    /// A caller got a signal that changes nothing: to be looked at again, for the kernel tells of the first one only.
    func post(interruptAgain ticket: UInt64) { post(.interrupt(ticket), after: Self.signalInterval) }

    private func post(_ work: Work, after nanoseconds: UInt64) {
        let due = Clock.monotonic &+ nanoseconds
        mail.change { mail in
            let place = mail.later.firstIndex { $0.due > due } ?? mail.later.count
            mail.later.insert((due, work), at: place)
        }
    }

    /// The loop is to end: calls `stop` at once and every few milliseconds until `end()`.
    func post(stop: @escaping @Sendable () -> Void) { mail.change { $0.stop = stop } }

    /// The loop has ended; so does the thread.
    func end() { mail.change { ($0.isOver, $0.stop) = (true, nil) } }

    /// Serves until `end()`.
    func run(_ bridge: Bridge) {
        var lastStop: UInt64 = 0
        while true {
            let work = mail.wait(
                until: { mail in
                    [mail.later.first?.due, mail.stop.map { _ in lastStop + Self.stopInterval }].compactMap(\.self)
                        .min()
                },
                { Self.next(&$0, lastStop) })
            switch work {
            case .interrupt(let ticket): bridge.interrupted(ticket)
            case .lockInterrupt(let ticket): bridge.lockInterrupted(ticket)
            case .alarm(let number): bridge.rang(number)
            case .poll(let handle):
                fuse_lowlevel_notify_poll(handle)
                fuse_pollhandle_destroy(handle)
            case .stop(let body):
                body()
                lastStop = Clock.monotonic
            case .over: return
            }
        }
    }

    private static func next(_ mail: inout Mail, _ lastStop: UInt64) -> Work? {
        if !mail.polls.isEmpty { return .poll(mail.polls.removeFirst()) }
        if mail.isOver { return .over }
        if let stop = mail.stop, Clock.monotonic >= lastStop + stopInterval { return .stop(stop) }
        if !mail.interrupts.isEmpty { return .interrupt(mail.interrupts.removeFirst()) }
        guard let first = mail.later.first, first.due <= Clock.monotonic else { return nil }
        return mail.later.removeFirst().work
    }
}
