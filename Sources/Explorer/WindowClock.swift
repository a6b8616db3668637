import KernelCore
import Machine
import Zram

/// Measures how long windows are open: a terminal runs alone in a live kernel, without a mount, many times.
final class WindowClock {
    private struct Times {
        /// When each step was taken, in nanoseconds since the script began.
        var steps: [Double]
        var total: Double
    }

    private let setting: Setting
    private var known: [String: Times?] = [:]
    private static let rounds = 101

    init(_ setting: Setting) { self.setting = setting }

    /// Fills in the durations; leaves them out where the live steps are not the explored ones.
    func measure(_ window: inout Window) {
        guard let times = times(of: window.interrupted), times.steps.count == window.steps else { return }
        let start = window.first >= 2 ? times.steps[window.first - 2] : 0
        window.microseconds = (times.steps[window.last - 1] - start) / 1000
        window.totalMicroseconds = times.total / 1000
    }

    private func times(of name: String) -> Times? {
        if let times = known[name] { return times }
        let times = setting.scenario.terminals.first { $0.name == name }.flatMap(measure)
        known[name] = times
        return times
    }

    /// Noting each step takes longer than many a step: the whole is measured without, and the parts are scaled to it.
    private func measure(_ script: Script) -> Times? {
        var noted: [[Double]] = []
        var plain: [Double] = []
        for round in 0..<2 * Self.rounds {
            guard let (steps, total) = run(script, isNoted: round % 2 == 0) else { return nil }
            if round % 2 == 0 { noted.append(steps + [total]) } else { plain.append(total) }
        }
        guard let count = noted.map(\.count).max(), noted.allSatisfy({ $0.count == count }) else { return nil }
        let middle = (0..<count).map { place in Self.median(noted.map { $0[place] }) }
        let total = Self.median(plain)
        let scale = total / max(1, middle[count - 1])
        return Times(steps: middle.dropLast().map { $0 * scale }, total: total)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private func run(_ script: Script, isNoted: Bool) -> (steps: [Double], total: Double)? {
        let isolation = LiveIsolation()
        var configuration = setting.configuration
        configuration.lockdep = false
        guard
            let machine = try? Machine(
                configuration, mode: .live, executor: isolation.executor, memory: EmptyMemory())
        else { return nil }
        let kernel = machine.kernel
        defer { isolation.run { kernel.halt() } }
        isolation.run { machine.boot() }
        func terminal(_ script: Script) -> KernelTask? {
            let terminal = Terminal(script, machine: machine, mounted: MountState(), number: 0, refused: [])
            var hasEnded = false
            isolation.run {
                kernel.spawn(script.name) { _ in
                    await terminal.run(); hasEnded = true
                }
            }
            return hasEnded ? nil : kernel.tasks.first
        }
        if let setup = setting.scenario.setup, terminal(setup) != nil { return nil }
        kernel.trace.isOn = isNoted
        let begin = kernel.now
        if terminal(script) != nil { return nil }
        let total = Double(kernel.now - begin)
        let name = script.name
        return (kernel.trace.steps.filter { $0.name == name }.map { Double($0.time - begin) }, total)
    }
}
