import Glibc

/// Says on standard error how far long work is: nothing in the first two seconds, and only to a terminal.
final class ImageProgress {
    private let what: String
    private let begin = ImageProgress.now
    private var shown = 0.0
    private let isTerminal = isatty(2) == 1

    init(_ what: String) { self.what = what }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// So much of all is done.
    func show(_ done: UInt64, _ all: UInt64) {
        let elapsed = Self.now - begin
        guard isTerminal, elapsed > 2, elapsed - shown > 0.2, done > 0 else { return }
        shown = elapsed
        let left = Int(elapsed * Double(all - done) / Double(done))
        Terminal.progress("\r\(what): \(done * 100 / max(all, 1)) %, about \(left) s more \u{1B}[K")
    }

    /// The work is over.
    func end() {
        if shown > 0 { Terminal.progress("\r\u{1B}[K") }
    }
}
