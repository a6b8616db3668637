import ArgumentParser
import Explorer
import KernelCore
import Reports
import Zram

/// `zramfs replay`: one schedule, in columns.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Replay a schedule: columns, one per task, with the reason for every switch.",
        discussion: """
            Example:
              zramfs replay SCHEDULE --scenario disksize-vs-rmmod --policy v8-11
            """)

    @Argument(help: "The schedule, as explore and matrix print it.") var schedule: String
    @Option(help: "The scenario that it belongs to.", completion: Completion.scenarios) var scenario: String
    @OptionGroup var policy: PolicyArguments
    @Option(help: "Write a bash script that drives a mount into it; run it with the mount point.") var script: String?
    @Flag(help: "Wait for the return key before each step.") var step = false

    func run() throws {
        try Outputs.check(script)
        guard let schedule = Schedule(schedule) else {
            throw Failure("'\(schedule)' is no schedule; explore and matrix print them", .usage)
        }
        let loaded = try ScenarioFolder.load(scenario)
        let replay: Replay
        let policy = try policy.choose(for: scenario)
        do {
            replay = try Explorer.replay(schedule, scenario: loaded, patches: policy.patches)
        } catch let error as ScheduleError {
            throw Failure(error.description, .usage)
        }
        let machine = loaded.machineOptions.isEmpty ? "" : ", on \(loaded.machineOptions)"
        print("\(loaded.name) under \(policy.title)\(machine)")
        ReplayText.print(replay, stepwise: step)
        if let script { try ScriptFile.write(schedule, loaded, policy.patches, policy: policy.name, to: script) }
        if replay.failure != nil { ExitStatus.failed.leave() }
    }
}

/// A replay in columns, time downwards.
enum ReplayText {
    static func print(_ replay: Replay, stepwise: Bool) {
        let width = 34
        let used = replay.names.indices.filter { place in replay.steps.contains { $0.task == place } }
        Swift.print("  STEP  " + used.map { replay.names[$0].padding(width) }.joined())
        for (place, step) in replay.steps.enumerated() {
            if stepwise { _ = readLine() }
            if let reason = step.reason { Swift.print("        -- \(reason)") }
            let column = used.firstIndex(of: step.task) ?? 0
            let number = String(place + 1)
            let blank = String(repeating: " ", count: width * column)
            let text = step.event.map { "\($0.function) \($0.operation.name) \($0.object)" } ?? "..."
            Swift.print(String(repeating: " ", count: max(0, 6 - number.count)) + number + "  " + blank + text)
            for shown in replay.texts where shown.step == place + 1 {
                let column = used.firstIndex(of: shown.task) ?? 0
                Swift.print("        " + String(repeating: " ", count: width * column) + "> " + shown.text)
            }
        }
        Swift.print(replay.failures.isEmpty ? "\nnothing has gone wrong" : "")
        for failure in replay.failures {
            Swift.print(Colour.red.paint("\(failure.verdict.rawValue.uppercased()): \(failure.what)"))
        }
    }
}
