/// A thread that does blocking things one after the other. It starts with the first of them.
final class HostWorker: @unchecked Sendable {
    // Unchecked: all state is in the monitor; `thread` is set under it.
    private struct Work {
        var list: [() -> Void] = []
        var isOver = false
        var isStarted = false
    }

    private let work = Monitor(Work())
    private var thread: HostThread?

    /// Has `body` run on the thread; after `end()` nothing happens.
    func post(_ body: @escaping () -> Void) {
        let isFirst = work.change { work in
            defer { work.isStarted = true }
            guard !work.isOver else { return false }
            work.list.append(body)
            return !work.isStarted
        }
        if isFirst { thread = HostThread("host") { [self] in run() } }
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
        work.change { $0.isOver = true }
        thread?.join()
    }
}
