import KernelCore

/// A trace as lines of words, in the order in which things happened: `call TASK PID NAME FILE CALL PATH TEXT`, where CALL
/// is open, open-write, read, write or close, and `step TASK NAME STEP OBJECT`. The first line is `complete` or `cut`.
/// Words are percent-encoded, `-` stands for nothing.
public struct TraceCalls {
    /// The text.
    public let text: String

    /// Writes a trace out.
    public init(_ trace: Trace) {
        var lines = [trace.isCut ? "cut" : "complete"]
        var calls = trace.calls[...]
        let first = trace.recorded - UInt64(trace.events.count)
        for (place, event) in trace.events.enumerated() {
            while let call = calls.first, call.place <= first + UInt64(place) {
                lines.append(Self.line(calls.removeFirst()))
            }
            guard event.kind == .step, event.task != 0 else { continue }
            lines.append(
                "step \(event.task) \(Self.word(event.name.utf8)) \(event.operation.name) \(Self.word(event.object.utf8))"
            )
        }
        lines += calls.map(Self.line)
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ call: Trace.Call) -> String {
        let (kind, text): (String, [UInt8]) =
            switch call.kind {
            case .open(let write): (write ? "open-write" : "open", [])
            case .read: ("read", [])
            case .write(let bytes): ("write", bytes)
            case .close: ("close", [])
            }
        return "call \(call.task) \(call.pid) \(word(call.name.utf8)) \(call.file) \(kind) \(word(call.path.utf8)) "
            + word(text)
    }

    private static func word(_ bytes: some Collection<UInt8>) -> String {
        if bytes.isEmpty { return "-" }
        var word = ""
        for byte in bytes {
            let isPlain =
                byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "%")
                && (byte != UInt8(ascii: "-") || bytes.count > 1)
            if isPlain {
                word.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                let hex = String(byte, radix: 16)
                word += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return word
    }
}
