import Foundation
import Synchronization

/// How far a sweep is, on a terminal's last line, at most once a second.
final class Progress: Sendable {
    private let total: Int
    private let state = Mutex((done: 0, shown: Date.distantPast))

    init(total: Int) { self.total = total }

    func step() {
        guard isatty(2) == 1 else { return }
        state.withLock { state in
            state.done += 1
            guard Date.now.timeIntervalSince(state.shown) > 1 || state.done == total else { return }
            state.shown = .now
            FileHandle.standardError.write(Data("\r\(state.done) of \(total)\(state.done == total ? "\n" : "")".utf8))
        }
    }
}
