import Explorer

/// The same scenario, explored in many ways: what is found is the same.
public struct Ways: Sendable {
    /// How long one exploration may take; a scenario that takes longer is none for this judge.
    public var seconds = 5.0

    /// With 5 seconds each.
    public init() {}

    private static let base: Reductions = [.fingerprints, .namedFiles]

    private static let ways: [(name: String, reductions: Reductions, checkEvery: Int, threads: Int)] =
        [
            ("all", .all, 1 << 40, 1), ("each recalled step is taken, too", .all, 1, 1),
            ("two threads", .all, 1 << 40, 2), ("local-steps alone", [base, .localSteps], 1, 1),
            ("sleep-sets alone", [base, .sleepSets], 1, 1), ("symmetry alone", [base, .symmetry], 1, 1),
            ("recalled-steps alone", [base, .recalledSteps], 1, 1),
        ]
        + [Reductions.symmetry, .localSteps, .sleepSets, .recalledSteps].map {
            ("all but \($0.names[0])", Reductions.all.subtracting($0), 1 << 40, 1)
        }

    /// What came of it.
    public enum Result: Sendable, Equatable {
        /// All ways agree; so many explorations, and what they found.
        case same(explorations: Int, verdicts: [Verdict])
        /// All ways agree in what they found, but one gave up recalling steps on its way: something is not noted.
        case gaveUp(String)
        /// Two ways do not agree.
        case different(String)
        /// It took too long to be compared.
        case tooLarge
        /// The explorer's shell refuses it.
        case unreadable(String)
    }

    private func look(_ scenario: Scenario, _ draft: Draft, _ way: (Reductions, Int, Int)) -> Outcome {
        var options = ExploreOptions()
        options.reductions = way.0
        options.checkEvery = way.1
        options.threads = way.2
        options.isMinimising = false
        options.seconds = seconds
        options.memory = 512 << 20
        return explore(scenario, patches: draft.patches, options: options)
    }

    /// Explores a draft in every way.
    public func judge(_ draft: Draft) -> Result {
        let scenario: Scenario
        do { scenario = try draft.scenario() } catch { return .unreadable("\(error)") }
        let plain = look(scenario, draft, (Self.base, 1, 1))
        if plain.verdicts.contains(.undecided) || plain.counts.seconds > seconds { return .tooLarge }
        var explorations = 1
        var gaveUp: String?
        for way in Self.ways {
            let found = look(scenario, draft, (way.reductions, way.checkEvery, way.threads))
            explorations += 1
            // It was cut off: what it would have found nobody knows.
            if found.isCut || found.verdicts.contains(.undecided) { return .tooLarge }
            if let mistake = found.mistake { gaveUp = "\(way.name): \(mistake)" }
            if found.verdicts != plain.verdicts || found.finals != plain.finals {
                return .different(
                    "\(way.name): \(Self.text(found)); walked without: \(Self.text(plain))")
            }
        }
        // With every file of every device, other numbers stand for them: the states differ, but not what comes of it.
        let whole = look(scenario, draft, ([.fingerprints, .sleepSets, .localSteps], 1, 1))
        if !whole.isCut, whole.verdicts != [.undecided], whole.verdicts != plain.verdicts {
            return .different("without named-files: \(Self.text(whole)); with: \(Self.text(plain))")
        }
        if plain.counts.states < 60, let bare = bare(scenario, draft), bare.verdicts != plain.verdicts {
            return .different("with no reduction at all: \(Self.text(bare)); with fingerprints: \(Self.text(plain))")
        }
        if let gaveUp { return .gaveUp(gaveUp) }
        return .same(explorations: explorations + 1, verdicts: plain.verdicts)
    }

    /// Every schedule, one by one; nil if there are too many.
    private func bare(_ scenario: Scenario, _ draft: Draft) -> Outcome? {
        var quick = self
        quick.seconds = 1
        let outcome = quick.look(scenario, draft, ([.namedFiles], 1, 1))
        return outcome.isCut || outcome.verdicts.contains(.undecided) ? nil : outcome
    }

    private static func text(_ outcome: Outcome) -> String {
        outcome.verdicts.map(\.rawValue).joined(separator: ", ") + ", \(outcome.counts.finalStates) final states"
    }
}
