import KernelCore
import Reports
import SystemPackage

extension Control {
    /// A gate: `hold [N|all] [fn=FUNCTION] [pid=PID]` closes it for the next tasks that match (one, if no number is
    /// given), `go [N]` lets those that stand at it on, `clear` opens it and lets all on, `wait` returns once a task
    /// stands at it. Reading says whether it is open, and who stands at it: pid, comm, since when, in which function.
    static func gate(_ name: String) -> Control {
        Control(
            "debug/points/\(name)",
            show: { machine in machine.kernel.points.byName[name].map(text) ?? "" },
            store: { machine, text async throws(Errno) in
                guard let point = machine.kernel.points.byName[name] else { throw .noSuchDevice }
                try await command(text.split(separator: " "), point, machine)
            })
    }

    private static func text(_ point: Points.Point) -> String {
        var line = "open"
        if point.budget > 0 {
            line = "holding \(point.budget == .max ? "all" : "\(point.budget) more")"
            if let function = point.function { line += " fn=\(function)" }
            if let pid = point.pid { line += " pid=\(pid)" }
        }
        return point.held.reduce(into: line + "\n") { text, task in
            let function = task.lastFrame.map { KernelName.snake($0.function) } ?? "-"
            text += "\(task.pid) \(task.name) \(Text.seconds(task.pending?.since ?? 0)) \(function)\n"
        }
    }

    private static func command(
        _ words: [Substring], _ point: Points.Point, _ machine: Machine
    ) async throws(Errno) {
        let points = machine.kernel.points
        let rest = words.dropFirst()
        switch words.first {
        case "hold":
            let order = try Hold(rest)
            points.hold(point, count: order.count, function: order.function, pid: order.pid)
        case "go" where rest.count <= 1:
            points.go(point, count: try rest.first.map { word throws(Errno) in try number(word) } ?? .max)
        case "clear" where rest.isEmpty: points.clear(point)
        case "wait" where rest.isEmpty: try await machine.gates.wait(for: point)
        default: throw .invalidArgument
        }
    }

    /// The words behind `hold`.
    private struct Hold {
        var count = 1
        var function: String?
        var pid: Int32?

        init(_ words: ArraySlice<Substring>) throws(Errno) {
            for word in words {
                if word == "all" {
                    count = .max
                } else if word.hasPrefix("fn="), word.count > 3 {
                    // Nobody would ever stand at the gate, and whoever waits for that would hang.
                    guard KernelName.functions.contains(String(word.dropFirst(3))) else { throw .invalidArgument }
                    function = String(word.dropFirst(3))
                } else if word.hasPrefix("pid="), let pid = Int32(word.dropFirst(4)) {
                    self.pid = pid
                } else {
                    count = try number(word)
                }
            }
        }
    }

    private static func number(_ word: Substring) throws(Errno) -> Int {
        guard let number = Int(word), number > 0 else { throw .invalidArgument }
        return number
    }
}
