/// How far a walk over an image is, and an estimate of the rest: nothing in the first two seconds, and only on a
/// terminal.
final class ImageProgress {
    private let what: String
    private let begin = Host.now
    private var shown: UInt64 = 0
    private let line = ProgressLine()

    init(_ what: String) { self.what = what }

    /// So much of all is done.
    func show(_ done: UInt64, _ all: UInt64) {
        let now = Host.now
        guard now - begin > 2_000_000_000, now - shown > 200_000_000, done > 0, all > 0 else { return }
        shown = now
        let left = Double(now - begin) / 1e9 * Double(all - min(done, all)) / Double(done)
        line.show("\(what): \(done * 100 / all) %, about \(Int(left.rounded(.up))) s more")
    }

    /// The work is over.
    func end() { line.clear() }
}
