import KernelCore

/// A machine on its way through a schedule, and what `SecondWalk` tells its places apart by.
struct WalkPlace {
    let run: Run
    /// For each object, who took which step on it, in order.
    private var uses: [UInt32: UInt64] = [:]

    init(_ run: Run) { self.run = run }

    mutating func take(_ number: Int) {
        if let pending = run.tasks[number].pending {
            let step = UInt64(number) << 8 | UInt64(pending.operation.rawValue)
            uses[pending.object.id] = mix(uses[pending.object.id] ?? 1, step)
        }
        run.step(number)
    }

    /// All that each task saw since it was born, by task, and what is shared.
    var histories: UInt64 {
        var hash = run.kernel.sharedFingerprint
        for (number, task) in run.tasks.enumerated() {
            hash = mix(hash, mix(UInt64(number), mix(task.past, task.history)))
            switch task.state {
            case .ended: hash = mix(hash, 3)
            case .dead: hash = mix(hash, 5)
            default: hash = mix(hash, 7)
            }
            if let pending = task.pending {
                hash = mix(hash, UInt64(pending.operation.rawValue) << 32 | UInt64(pending.object.id))
            }
        }
        return hash
    }

    /// That, and the order of steps on each object.
    var orders: UInt64 { mix(histories, uses.reduce(UInt64(0)) { $0 &+ mix(UInt64($1.key), $1.value) }) }
}

/// The search's plain walk, that gives up when it is late.
final class DeadlineWalk: StateWalk {
    private let walk: PlainWalk
    private let isLate: () -> Bool
    private var steps = 0

    init(_ setting: Setting, _ isLate: @escaping () -> Bool) {
        walk = PlainWalk(setting)
        self.isLate = isLate
    }

    var path: [UInt8] { walk.path }
    var fingerprint: UInt64 { walk.fingerprint }
    var failure: Failure? { walk.failure }
    var failures: [Failure] { walk.failures }
    var isBroken: Bool { walk.isBroken }
    var tasks: Range<Int> { walk.tasks }
    private(set) var isMistaken = false
    func isEnabled(_ number: Int) -> Bool { walk.isEnabled(number) }
    func isOver(_ number: Int) -> Bool { walk.isOver(number) }
    func goBack(to depth: Int) { walk.goBack(to: depth) }
    func end() -> (failure: Failure?, fingerprint: UInt64) { walk.end() }
    func endFailures() -> [Failure] { walk.endFailures() }
    func retire() { walk.retire() }

    func advance(_ number: Int) {
        walk.advance(number)
        steps += 1
        if steps & 0xff == 0 { isMistaken = isLate() }
    }
}
