import Explorer
import Foundation
import Synchronization

/// Values for programs.
enum JSON {
    /// Raised when a field goes away or changes its meaning; docs/json.md has the fields.
    static let version = 1

    /// Prints an object, or a list of objects; each says the version.
    static func print(_ value: some Encodable) { write(Versioned(value: value)) }
    static func print(_ values: [some Encodable]) { write(values.map { Versioned(value: $0) }) }

    private struct Versioned<Value: Encodable>: Encodable {
        let value: Value

        private enum Key: CodingKey { case jsonVersion }

        func encode(to encoder: any Encoder) throws {
            try value.encode(to: encoder)
            var fields = encoder.container(keyedBy: Key.self)
            try fields.encode(JSON.version, forKey: .jsonVersion)
        }
    }

    private static func write(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        if let data = try? encoder.encode(value) { Swift.print(String(decoding: data, as: UTF8.self)) }
    }
}

/// Numbers for people.
enum Number {
    /// Three digits that count.
    static func text(_ value: Double) -> String {
        if value == 0 { return "0" }
        if value >= 100 { return value < 1e15 ? String(Int(value)) : String(format: "%.2e", value) }
        return String(format: value >= 0.001 ? "%.3g" : "%.2e", value)
    }
}

/// Colours, on a terminal alone.
enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"

    func paint(_ text: String) -> String {
        isatty(1) == 1 && getenv("NO_COLOR") == nil ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text
    }
}

/// One line on a terminal that says how far long work is; nothing elsewhere, and nothing for the first two seconds.
final class ProgressLine: Sendable {
    private let isShown = Mutex(false)

    /// How far an exploration is. What is left is a guess that takes all branches for alike; mostly it is less, for later ones
    /// meet states that are known.
    func show(_ progress: ExploreProgress) {
        guard progress.seconds > 2 else { return }
        var line = "\(progress.states) states in \(progress.bytes >> 20) MB, \(Number.text(progress.seconds)) s"
        if let left = progress.secondsLeft {
            line +=
                "; \(Number.text(progress.fraction * 100)) % of the branches, at this pace \(Number.text(left)) s more, or less"
        }
        show(line)
    }

    /// Any line.
    func show(_ text: String) {
        guard isatty(2) == 1 else { return }
        isShown.withLock { $0 = true }
        FileHandle.standardError.write(Data("\r\u{1b}[K\(text.prefix(Self.width))".utf8))
    }

    /// A longer line would go on below, where nothing takes it away.
    private static var width: Int {
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) - 1 : 79
    }

    /// Takes the line away.
    func clear() {
        if isShown.withLock({ $0 }) { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
    }
}
