import KernelCore

/// An interleaving as text: a column for each task, time downwards, a line for each step, and why the next task's turn
/// came where it changed. A column whose task is done goes to the next task that starts.
public struct Columns {
    private let events: [Trace.Event]
    private let width: Int
    /// The place of each task's last event.
    private var last: [UInt32: Int] = [:]
    private var names: [UInt32: String] = [:]
    /// Which column each event stands in, and the task that is named above it there.
    private var lanes: [Int] = []
    private var starts: [Int: UInt32] = [:]
    private var first: [UInt32] = []

    /// - Parameters:
    ///   - events: in the order in which they happened.
    ///   - width: of a column; what is longer is cut.
    ///   - limit: columns at most; then tasks that are stuck lose theirs.
    public init(_ events: [Trace.Event], width: Int = 44, limit: Int = 16) {
        self.events = events
        self.width = width
        for (place, event) in events.enumerated() {
            last[event.task] = place
            names[event.task] = "\(event.name):\(event.pid)"
        }
        assignLanes(limit: limit)
    }

    private mutating func assignLanes(limit: Int) {
        var holders: [UInt32] = []
        for (place, event) in events.enumerated() {
            if let lane = holders.firstIndex(of: event.task) {
                lanes.append(lane)
                continue
            }
            if let free = holders.firstIndex(where: { isOver($0, at: place, evenStuck: holders.count >= limit) }) {
                holders[free] = event.task
                starts[place] = event.task
                lanes.append(free)
            } else {
                holders.append(event.task)
                first.append(event.task)
                lanes.append(holders.count - 1)
            }
        }
    }

    private func isOver(_ task: UInt32, at place: Int, evenStuck: Bool) -> Bool {
        let end = last[task]!
        return end < place && (evenStuck || [.step, .start].contains(events[end].kind))
    }

    /// The lines, each ending with a newline.
    public var text: String {
        guard !events.isEmpty else { return "" }
        let margin = String(events.count).count
        let rule = String(repeating: "-", count: width)
        var text = line("", margin, first.map { names[$0]! }) + line("", margin, first.map { _ in rule })
        for place in events.indices {
            if let task = starts[place] {
                text += line("", margin, cells(names[task]!, place)) + line("", margin, cells(rule, place))
            }
            text += line("\(place + 1)", margin, cells(describe(events[place]), place))
            if let reason = reason(place) { text += Text.right("", margin) + "  \(reason)\n" }
        }
        return text
    }

    private func cells(_ text: String, _ place: Int) -> [String] {
        Array(repeating: "", count: lanes[place]) + [text]
    }

    private func line(_ number: String, _ margin: Int, _ cells: [String]) -> String {
        var text = Text.right(number, margin)
        for cell in cells {
            text += "  " + Text.left(cell.count > width ? cell.prefix(width - 1) + "…" : cell, width)
        }
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }

    private func describe(_ event: Trace.Event) -> String {
        let step = "\(event.operation.name) \(event.object)" + (event.function.isEmpty ? "" : "  (\(event.function))")
        return switch event.kind {
        case .step: step
        case .wait: "WAITS: " + step
        case .held: "HELD: " + step
        case .start: "STARTS: " + event.object
        }
    }

    /// Why the task of this event did not go on; nil if it did, or if nothing follows.
    private func reason(_ place: Int) -> String? {
        let event = events[place]
        guard place + 1 < events.count, events[place + 1].task != event.task else { return nil }
        let next = names[events[place + 1].task]!
        let name = names[event.task]!
        switch event.kind {
        case .wait:
            let holders = event.holders.map { names[$0] ?? "task \($0)" }.joined(separator: ", ")
            return "-> \(next): \(name) waits" + (holders.isEmpty ? "" : " for \(holders)")
        case .held: return "-> \(next): \(name) stands at the gate"
        case .step, .start: return "-> \(next): \(name) is \(last[event.task] == place ? "done" : "preempted")"
        }
    }
}
