import KernelCore
import Zram

/// Writes a bash script that drives a live mount into the interleaving of a schedule.
///
/// It needs nothing but a mount: `echo`, `cat`, `umount`, and the gates `debug/points`. Only switches matter: a task is
/// held where the schedule interrupts it, and let go where its turn comes again.
public func script(
    for schedule: Schedule, scenario: Scenario, patches: Set<Patch>, policy: String = ""
) throws -> String {
    let isSlim = schedule.digest == Setting(scenario, patches).programDigest
    let setting = Setting(scenario, patches, isWhole: !isSlim)
    guard schedule.digest == setting.programDigest else {
        throw ScheduleError.stale(made: schedule.digest, here: Setting(scenario, patches).programDigest)
    }
    var gates: [ScriptEmitter.Gate?] = []
    var visits: [ScriptEmitter.Gate] = []
    let ends = ScriptEmitter.ends(schedule.path)
    var births: [ScriptEmitter.Birth] = []
    var known = scenario.terminalNames.count
    var step = 0
    let replayed = try replay(schedule.path, setting) { run, next in
        for task in known..<max(known, run.tasks.count) where next != task {
            if let gate = ScriptEmitter.gate(of: run, task: task) {
                births.append(ScriptEmitter.Birth(step: step - 1, gate: gate))
            }
        }
        known = run.tasks.count
        // Before the first step of a turn: where does the one before stand?
        if ends.contains(step) { gates.append(ScriptEmitter.gate(of: run, task: schedule.path[step - 1])) }
        visits.append(
            ScriptEmitter.gate(of: run, task: next) ?? ScriptEmitter.Gate(point: "", function: "", task: next))
        step += 1
    }
    let emitter = ScriptEmitter(
        scenario: scenario, schedule: schedule, replay: replayed, gates: gates, visits: visits, births: births,
        policy: policy)
    return emitter.text
}

struct ScriptEmitter {
    /// A place where a task can be held.
    struct Gate: Equatable {
        let point: String
        let function: String
        let task: Int
        /// The task could have gone on: it must be held, or else it would.
        var isEnabled = false
    }

    /// A task of the kernel's own that was born in a step and does not go on at once: it is held where it begins.
    struct Birth {
        let step: Int
        let gate: Gate
    }

    let scenario: Scenario
    let schedule: Schedule
    let replay: Replay
    /// Where the task of each turn but the last stands when its turn ends.
    let gates: [Gate?]
    /// What each step passes.
    let visits: [Gate]
    let births: [Birth]
    let policy: String

    /// The steps with which a new turn begins.
    static func ends(_ path: [Int]) -> Set<Int> {
        Set(path.indices.dropFirst().filter { path[$0] != path[$0 - 1] })
    }

    static func gate(of run: Run, task number: Int) -> Gate? {
        let task = run.tasks[number]
        guard task.state != .ended, let pending = task.pending else { return nil }
        return Gate(
            point: "\(pending.object.pointName).\(pending.operation.name)",
            function: task.lastFrame.map { KernelName.snake($0.function) } ?? "", task: number,
            isEnabled: run.isEnabled(number))
    }

    var text: String {
        var lines = header
        var started: Set<Int> = []
        var held: [Int: Gate] = [:]
        var step = 0
        for (place, turn) in schedule.turns.enumerated() {
            let name = replay.names[turn.task]
            lines.append("")
            lines.append(
                LiveScript.comment("\(place + 1). \(name) takes \(turn.steps) step\(turn.steps == 1 ? "" : "s")."))
            let gate = place < gates.count ? gates[place].flatMap { hasGate($0) ? $0 : nil } : nil
            // The task may pass the gate on its way; count how often.
            let passes =
                gate.map { gate in
                    visits[step..<(step + turn.steps)].dropFirst(held[turn.task] == gate ? 1 : 0).count {
                        $0.point == gate.point && $0.function == gate.function && $0.task == gate.task
                    }
                } ?? 0
            if let gate { lines.append(hold(gate)) }
            let born = births.filter { (step..<(step + turn.steps)).contains($0.step) }.map(\.gate).filter(hasGate)
            lines += born.map(hold)
            if let before = held.removeValue(forKey: turn.task) {
                lines.append("echo go > \(path(before))")
            } else if turn.task < scenario.terminalNames.count, started.insert(turn.task).inserted {
                lines.append("terminal_\(turn.task) \"$mnt\" & pid_\(turn.task)=$!")
            }
            if let gate {
                for _ in 0..<passes {
                    lines.append("echo wait > \(path(gate))   # on its way; not yet")
                    lines.append(hold(gate))
                    lines.append("echo go > \(path(gate))")
                }
                lines.append(
                    "echo wait > \(path(gate))   "
                        + LiveScript.comment("stands before \(gate.point) in \(gate.function)"))
                if gate.isEnabled {
                    held[turn.task] = gate
                } else {
                    lines.append("echo go > \(path(gate))   # and waits there for what another holds")
                }
            } else if place < gates.count, gates[place] != nil {
                lines.append(
                    "# It cannot be held there, between two commands: it may be ahead of the schedule from here.")
            } else if place < gates.count, turn.task < scenario.terminalNames.count {
                lines.append("wait \"$pid_\(turn.task)\"   # ended")
            }
            for gate in born {
                lines.append(
                    "echo wait > \(path(gate))   "
                        + LiveScript.comment("\(replay.names[gate.task]) was started, and begins there"))
                held[gate.task] = gate
            }
            step += turn.steps
        }
        if !held.isEmpty, let last = schedule.turns.last {
            if started.contains(last.task) {
                lines.append("settle \"$pid_\(last.task)\"")
            } else if last.task >= scenario.terminalNames.count {
                lines.append("settle_exit")
            }
        }
        lines.append("")
        lines.append("# All gates are open now; what follows is no longer a matter of order.")
        for (_, gate) in held.sorted(by: { $0.key < $1.key }) { lines.append("echo go > \(path(gate))") }
        for failure in replay.failures {
            lines.append(LiveScript.comment("Expected: \(failure.verdict.rawValue): \(failure.what)"))
        }
        lines.append("cat \"$debug/waits\"")
        if replay.failures.contains(where: { $0.verdict == .leak || $0.verdict == .dangling }) {
            lines.append("wait   # for all to end")
            lines.append("cat \"$debug/memory\"")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Lookups and the shell's own steps have no gate.
    private func hasGate(_ gate: Gate) -> Bool {
        !gate.point.hasSuffix(".lookup") && !gate.point.hasSuffix(".call") && !gate.point.isEmpty
    }

    private func hold(_ gate: Gate) -> String {
        "echo '\(gate.function.isEmpty ? "hold" : "hold fn=\(gate.function)")' > \(path(gate))"
    }

    private func path(_ gate: Gate) -> String {
        let name = LiveScript.word(gate.point)
        return name == gate.point ? "\"$points/\(name)\"" : "\"$points\"/\(name)"
    }

    private var header: [String] {
        var lines = [
            "#!/bin/bash",
            LiveScript.comment(
                "Drives a zramfs mount into one interleaving of the scenario \(scenario.name)"
                    + "\(policy.isEmpty ? "" : ", policy \(policy)")."),
            LiveScript.comment(
                "Schedule \(schedule). Usage: bash FILE MOUNTPOINT"
                    + (scenario.machineOptions.isEmpty ? "" : ", mounted with -o \(scenario.machineOptions)")),
            "readonly zramfs_mount=${1:?usage: $0 MOUNTPOINT}",
            "mnt=$zramfs_mount",
            "debug=$mnt/debug",
            "[ -e \"$debug/points\" ] || { echo \"$mnt: no zramfs is mounted there\" >&2; exit 2; }",
        ]
        if scenario.terminalTexts.contains(where: { $0.contains("umount -l") }) {
            lines.append("cd \"$debug\" && debug=.   # stays within reach when the mount is detached")
        }
        lines += [
            "points=$debug/points",
            // Who takes the time of a slow function looks like one that waits.
            "echo off > \"$debug/timing\"   # the order alone counts", "",
            "settle() {   # until that process has ended, or waits in the simulated kernel",
            "    while kill -0 \"$1\" 2>/dev/null; do",
            "        for pid in $1 $(cat \"/proc/$1/task/$1/children\" 2>/dev/null); do",
            "            grep -q -E \"^$pid +[^ ]+ +(D|held|dead) \" \"$debug/tasks\" && return",
            "        done",
            "    done",
            "}",
            "settle_exit() {   # until the removal that a detached mount begins has ended, or waits",
            "    until grep -q -E '^[0-9]+ +umount +(D|held|dead) ' \"$debug/tasks\" ||",
            "        ! grep -q '^zram ' \"$debug/../proc/modules\"; do :; done",
            "}", "",
            "# The terminals: what they call rmmod and modprobe is the simulated kernel's.",
        ]
        lines += LiveScript.tools
        for (number, text) in scenario.terminalTexts.enumerated() {
            lines += ["", "terminal_\(number)() {   " + LiveScript.comment(scenario.terminalNames[number]), ":"]
            lines += [text, "}"]
        }
        if !scenario.setupText.isEmpty {
            // In a shell of its own: its variables and its exit are not the script's.
            lines += ["", "setup() {", ":", scenario.setupText, "}", "(setup \"$mnt\")"]
        }
        return lines
    }
}
