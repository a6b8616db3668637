import KernelCore

extension Report {
    /// A deadlock with every party by name: what the kernel cannot print, because it does not know who holds an active
    /// reference. Behind it each party's block as `sysrq w` prints it; the hung task detector comes later (`hungTasks`).
    ///
    /// `zramfs: deadlock: ` begins the line that says all in one sentence.
    public static func deadlock(_ cycle: WaitCycle, in context: ReportContext) -> Report {
        let sentence = cycle.parties.indices.map { place in
            let party = cycle.parties[place]
            let other = holder(of: place, in: cycle)
            let holder = Text.task(other) + (other === party.task ? " itself" : "")
            return "\(Text.task(party.task)) waits for \(party.waitsFor.object.title), \(verb(place, cycle)) \(holder)"
        }
        return Report(
            .error,
            ["zramfs: deadlock: " + sentence.joined(separator: "; ")]
                + cycle.parties.flatMap { describe($0, cycle.time) }
                + cycle.parties.flatMap { block($0.task, context) })
    }

    private static func holder(of place: Int, in cycle: WaitCycle) -> KernelTask {
        cycle.parties[(place + 1) % cycle.parties.count].task
    }

    /// A queue is held by nobody; there is somebody who would have to wake it.
    private static func verb(_ place: Int, _ cycle: WaitCycle) -> String {
        holder(of: place, in: cycle).isHolding(cycle.parties[place].waitsFor.object) ? "held by" : "to be woken by"
    }

    private static func describe(_ party: WaitCycle.Party, _ now: UInt64) -> [String] {
        let task = party.task
        let wait = party.waitsFor
        let line = "    waits for  \(wait.object.title)\n    " + "           \(since(wait.since)) in "
        let waits = line + "\(Text.function(task.frames)) (\(Text.place(wait.file, wait.line)))"
        let holds = task.holds.map { hold in
            "    holds      \(hold.object.title)\n               \(since(hold.since)) in "
                + "\(KernelName.snake(hold.function)) (\(Text.place(hold.file, hold.line)))"
        }
        return ["  \(Text.task(task))"] + ([waits] + holds).flatMap { $0.split(separator: "\n").map(String.init) }
    }

    private static func since(_ time: UInt64) -> String { "since \(Text.seconds(time))" }
}
