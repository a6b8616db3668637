import KernelCore

/// A trace in the Trace Event format, which Perfetto and `chrome://tracing` open.
///
/// A thread for each task; a slice for each step (until the task's next one) and for each wait; an arrow from a wait to
/// each task that is waited for; a counter for the references of each node and module.
public struct TraceJSON {
    private let events: [Trace.Event]
    private let end: UInt64

    /// Events in the order in which they happened.
    public init(_ events: [Trace.Event]) {
        self.events = events
        end = (events.last?.time ?? 0) + 1000
    }

    /// The document.
    public var text: String {
        let records = threads + slices + arrows + counters
        return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + records.joined(separator: ",\n") + "\n]}\n"
    }

    private var threads: [String] {
        var seen: Set<UInt32> = []
        return events.filter { seen.insert($0.task).inserted }.map { event in
            let name = Self.quoted("\(event.name):\(event.pid)")
            return "{\"ph\":\"M\",\"pid\":1,\"tid\":\(event.task),\"name\":\"thread_name\",\"args\":{\"name\":\(name)}}"
        }
    }

    private var slices: [String] {
        // When the task's next event is, going backwards; a task that never goes on waits to the end of the trace.
        var following: [UInt32: UInt64] = [:]
        return events.reversed().map { event in
            let until = following.updateValue(event.time, forKey: event.task) ?? end
            let prefix =
                switch event.kind {
                case .step: ""
                case .wait: "waits: "
                case .held: "held: "
                case .start: "starts: "
                }
            return "{\"ph\":\"X\",\"pid\":1,\"tid\":\(event.task),\"ts\":\(Self.micro(event.time)),"
                + "\"dur\":\(Self.micro(until - event.time)),\"name\":"
                + Self.quoted("\(prefix)\(event.operation.name) \(event.object)")
                + ",\"args\":{\"function\":\(Self.quoted(event.function)),\"object\":\(event.id)}}"
        }.reversed()
    }

    private var arrows: [String] {
        var number = 0
        return events.filter { $0.kind == .wait }.flatMap { event in
            event.holders.flatMap { holder in
                number += 1
                let common =
                    "\"pid\":1,\"ts\":\(Self.micro(event.time)),\"id\":\(number),\"cat\":\"wait\",\"name\":\"held by\""
                return [
                    "{\"ph\":\"s\",\"tid\":\(event.task),\(common)}",
                    "{\"ph\":\"f\",\"bp\":\"e\",\"tid\":\(holder),\(common)}",
                ]
            }
        }
    }

    private var counters: [String] {
        events.compactMap { event in
            guard let count = event.count else { return nil }
            let name = Self.quoted("references of \(event.object)#\(event.id)")
            return "{\"ph\":\"C\",\"pid\":1,\"ts\":\(Self.micro(event.time)),\"name\":\(name),"
                + "\"args\":{\"count\":\(count)}}"
        }
    }

    /// The format counts in microseconds, with decimals.
    private static func micro(_ nanoseconds: UInt64) -> String {
        let rest = String(nanoseconds % 1000)
        return "\(nanoseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20: result += "\\u" + Text.hex(UInt64(scalar.value), width: 4)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
