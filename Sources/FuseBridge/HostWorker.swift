/// A thread that does blocking things one after the other. It starts with the first of them.
final class HostWorker: @unchecked Sendable {
    // Unchecked: all state is in the monitor.
    private struct Work {
        var list: [() -> Void] = []
        var isOver = false
        var thread: HostThread?
    }

    private let work = Monitor(Work())

    /// Has `body` run on the thread; after `end()` nothing happens.
    func post(_ body: @escaping () -> Void) {
        work.change { work in
            guard !work.isOver else { return }
            work.list.append(body)
            if work.thread == nil { work.thread = HostThread("host") { [self] in run() } }
        }
    }

    private func run() {
        while true {
            // An empty list of work is the end.
            let next: [() -> Void] = work.wait(until: { _ in nil }) { work in
                guard !work.list.isEmpty || work.isOver else { return nil }
                defer { work.list = [] }
                return work.list
            }
            if next.isEmpty { return }
            for body in next { body() }
        }
    }

    /// Ends the thread once it has done what it was given.
    func end() {
        let thread = work.change { work -> HostThread? in
            work.isOver = true
            return work.thread
        }
        thread?.join()
    }
}
