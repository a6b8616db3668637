import KernelCore
import Zram

/// What a schedule belongs to: 64 bits in 16 hex digits. Six stand for the scenario (scripts, setup, machine, refused
/// errnos), four for the patches, and six for all of it with what the program does there, step by step.
enum ScheduleDigest {
    static let digits = 16

    /// True if it looks like one.
    static func isOne(_ text: some StringProtocol) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }

    /// Why a schedule does not belong here, in words.
    static func difference(made: String, here: String) -> String {
        guard isOne(made), isOne(here) else { return "it was made by an older program" }
        func part(_ text: String, _ first: Int, _ count: Int) -> Substring { text.dropFirst(first).prefix(count) }
        var reasons: [String] = []
        if part(made, 0, 6) != part(here, 0, 6) {
            reasons.append("another scenario (its scripts, setup, machine or refused errnos)")
        }
        if part(made, 6, 4) != part(here, 6, 4) { reasons.append("another policy or other patches") }
        if reasons.isEmpty { reasons = ["another program, which takes other steps"] }
        return "it was made for " + reasons.joined(separator: " and ")
    }
}

extension Setting {
    /// The digest of this setting's schedules.
    var programDigest: String {
        let text = ScenarioText(scenario).fingerprint
        let policy = patches.sorted().reduce(mix(1, isWhole.fingerprint)) { mix($0, $1.rawValue.fingerprint) }
        let behaviour = mix(mix(text, policy), behaviour)
        return Hex.text(text ^ text >> 32, digits: 6) + Hex.text(policy ^ policy >> 32, digits: 4)
            + Hex.text(behaviour ^ behaviour >> 32, digits: 6)
    }

    /// Stands for what the program does: all steps of the terminals one by one, and then of all in turn.
    private var behaviour: UInt64 { mix(walk(inTurn: false), walk(inTurn: true)) }

    private func walk(inTurn: Bool) -> UInt64 {
        let executor = KernelExecutor()
        var hash: UInt64 = 1
        do {
            let run = Run(self, executor: executor, memory: EmptyMemory())
            hash = mix(hash, run.finalFingerprint)
            var last = -1
            for _ in 0..<5000 where run.failure == nil {
                let count = run.tasks.count
                let first = inTurn ? last + 1 : 0
                guard let next = (0..<count).map({ (first + $0) % count }).first(where: { run.isEnabled($0) }) else {
                    break
                }
                if let pending = run.tasks[next].pending {
                    hash = mix(hash, mix(pending.operation.name.fingerprint, pending.object.pointName.fingerprint))
                }
                run.step(next)
                last = next
            }
            hash = mix(hash, run.finalFingerprint)
        }
        executor.retire()
        return hash
    }
}
