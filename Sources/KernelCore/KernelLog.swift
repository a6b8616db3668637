/// The printk ring.
public final class KernelLog {
    /// The kernel's log levels, as in `<3>`.
    public enum Level: Int, Sendable {
        case emergency, alert, critical, error, warning, notice, info, debug
    }

    /// One line.
    public struct Line: Sendable {
        /// Counts from 0.
        public let sequence: Int
        /// Nanoseconds since boot.
        public let time: UInt64
        /// How bad.
        public let level: Level
        /// The text, without a newline.
        public let text: String

        /// As `dmesg` prints it: `[    1.234567] text`.
        public var formatted: String {
            let micro = String(time / 1000 % 1_000_000)
            let seconds = String(time / 1_000_000_000)
            return "[\(pad(seconds, 5)).\(String(repeating: "0", count: 6 - micro.count))\(micro)] \(text)"
        }

        private func pad(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
    }

    /// The lines that are kept, oldest first.
    public private(set) var lines: [Line] = []
    /// Called with each new line, e.g. to write the daemon's log.
    public var onLine: ((Line) -> Void)?
    /// Off while exploring.
    public var isOn = true
    /// How many lines are kept.
    public let capacity = 8192
    private let clock: KernelClock
    private var sequence = 0

    init(clock: KernelClock) { self.clock = clock }

    /// Adds one line, or several separated by newlines; other control characters in octal. The kernel's `printk`.
    public func print(_ level: Level = .info, _ text: @autoclosure () -> String) {
        guard isOn else { return }
        let text = text()
        let time = clock.now
        for piece in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let line = Line(sequence: sequence, time: time, level: level, text: ForeignText.shown(String(piece)))
            sequence += 1
            lines.append(line)
            onLine?(line)
        }
        if lines.count > capacity + capacity / 8 { lines.removeFirst(lines.count - capacity) }
    }

    /// Forgets all lines, as `dmesg --clear`.
    public func clear() { lines = [] }
}
