import KernelCore

/// What happened on a mount, call by call and step by step, as `debug/trace.calls` tells it.
public struct Recording: Sendable {
    /// One system call on a file of the mount; a task of the simulated kernel.
    public typealias Call = Trace.Call

    /// A call, or a step of a task.
    public enum Entry: Sendable, Equatable {
        case call(Call)
        case step(task: UInt32, name: String, operation: Operation, object: String)
    }

    /// Both, in order.
    public let entries: [Entry]

    /// Why a recording is of no use.
    public enum Problem: Error, Equatable, CustomStringConvertible {
        /// There was more than a mount keeps: the beginning is missing.
        case cut
        /// This is no such text.
        case unreadable(line: Int)
        /// Scripts cannot say it.
        case inexpressible(String)
        /// Nobody did anything.
        case empty

        /// For a person.
        public var description: String {
            switch self {
            case .cut: "the trace was too long to be kept whole"
            case .unreadable(let line): "the trace cannot be read: line \(line)"
            case .inexpressible(let what): "no script can say it: \(what)"
            case .empty: "the command did nothing with the simulated kernel"
            }
        }
    }

    /// Reads the text of `debug/trace.calls`.
    public init(_ text: String) throws(Problem) {
        let lines = text.split(separator: "\n")
        guard let first = lines.first, first == "cut" || first == "complete" else { throw .unreadable(line: 1) }
        if first == "cut" { throw .cut }
        let operations = Dictionary(Operation.allCases.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var entries: [Entry] = []
        for (number, line) in lines.enumerated().dropFirst() {
            let words = line.split(separator: " ")
            func text(_ place: Int) -> String { String(decoding: Self.bytes(words[place]), as: UTF8.self) }
            if words.first == "step", words.count == 5, let task = UInt32(words[1]),
                let operation = operations[String(words[3])]
            {
                entries.append(.step(task: task, name: text(2), operation: operation, object: text(4)))
            } else if words.first == "call", words.count == 8, let task = UInt32(words[1]), let pid = Int32(words[2]),
                let file = UInt32(words[4]), let kind = Self.kind(words[5], Self.bytes(words[7]))
            {
                entries.append(
                    .call(Call(task: task, pid: pid, name: text(3), file: file, path: text(6), kind: kind)))
            } else {
                throw .unreadable(line: number + 1)
            }
        }
        self.entries = entries
    }

    private static func kind(_ word: Substring, _ bytes: [UInt8]) -> Call.Kind? {
        switch word {
        case "open": .open(write: false)
        case "open-write": .open(write: true)
        case "read": .read
        case "write": .write(bytes)
        case "close": .close
        default: nil
        }
    }

    private static func bytes(_ word: Substring) -> [UInt8] {
        if word == "-" { return [] }
        var bytes: [UInt8] = []
        var rest = word.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
