import KernelCore
import Zram

/// What came of checking a proof again.
public struct Verification: Sendable {
    /// The end of it.
    public enum Result: Sendable, Equatable {
        /// No schedule fails, and all that the proof says is so.
        case holds
        /// Something is wrong, in words.
        case fails(String)
        /// The time, or the room for states, was used up before any walk had come to its end.
        case unfinished
    }

    /// The end of it.
    public let result: Result
    /// What was done, each in a sentence, the weakest first; walks that did not come to their end, too.
    public let walks: [String]
    /// What the check shares with the search, and would be wrong together with it.
    public static let shared =
        "shares with the search: the simulated kernel and drivers, the shell that runs the scripts, and what counts as "
        + "a failure or as the end"
}

extension Proof {
    /// Checks it again: every field against what comes out here, and then all schedules, by walks that have none of the
    /// search's reductions (`SecondWalk`).
    ///
    /// - Parameters:
    ///   - seconds: for all of it; the walks that go farther are made as long as it lasts.
    ///   - limit: no walk keeps more states.
    public func verify(
        seconds: Double = 60, limit: Int = 5_000_000, tell: @escaping (String) -> Void = { _ in }
    ) -> Verification {
        let clock = KernelClock()
        func left() -> Double { seconds - Double(clock.now) / 1e9 }
        let scenario: Scenario
        do { scenario = try self.scenario.scenario() } catch {
            return Verification(result: .fails("scenario: \(error)"), walks: [])
        }
        guard let patches = patchSet else { return wrong("patches", "one is unknown here, or they are out of order") }
        guard let reductions = reductionSet else { return wrong("reductions", "one is unknown here") }
        if let wrong = wrongField(scenario, patches, reductions) { return wrong }
        tell("the search again")
        let again = searchAgain(scenario, patches, reductions, seconds: left())
        if let wrong = again.wrong { return wrong }
        var walks = [
            again.isFinished ? "the search was repeated, and found the same" : "the search was not repeated: no time"
        ]
        var hasFinished = false
        for kind in SecondWalk.Kind.allCases {
            tell(kind.name)
            let walk = SecondWalk(scenario, patches, kind, limit: limit, seconds: left())
            switch walk.walk() {
            case .complete(let what):
                hasFinished = true
                walks.append(what)
            case .stopped(let why): walks.append("\(kind.name): \(why)")
            case .failure(let failure, let schedule):
                return Verification(
                    result: .fails("\(kind.name) found \(failure.verdict.rawValue): \(failure.what); \(schedule)"),
                    walks: walks)
            }
        }
        return Verification(result: hasFinished && again.isFinished ? .holds : .unfinished, walks: walks)
    }

    private func wrong(_ field: String, _ why: String) -> Verification {
        Verification(result: .fails("\(field): \(why)"), walks: [])
    }

    /// What can be compared at once.
    private func wrongField(
        _ scenario: Scenario, _ patches: Set<Patch>, _ reductions: Reductions
    ) -> Verification? {
        if program != ProgramIdentity.text || program == ProgramIdentity.unknown {
            return wrong("program", "another build of the program made it: explore anew with this one")
        }
        if policy != Self.policy(self.patches) {
            return wrong("policy", "the patches are \(Self.policy(self.patches) ?? "no policy that has a name")")
        }
        if note != Self.note(reductions) { return wrong("note", "this program would say: \(Self.note(reductions))") }
        let setting = Setting(
            scenario, patches, isSymmetric: reductions.contains(.symmetry), isWhole: !reductions.contains(.namedFiles))
        let here = setting.programDigest
        return here == digest ? nil : wrong("digest", ScheduleDigest.difference(made: digest, here: here))
    }

    /// The search again, with the same reductions; its numbers must come out the same.
    private func searchAgain(
        _ scenario: Scenario, _ patches: Set<Patch>, _ reductions: Reductions, seconds: Double
    ) -> (wrong: Verification?, isFinished: Bool) {
        var options = ExploreOptions()
        options.reductions = reductions
        options.seconds = seconds
        options.isMinimising = false
        let outcome = explore(scenario, patches: patches, options: options)
        if outcome.verdicts == [.undecided] { return (nil, false) }
        guard outcome.isProved, let again = Proof(outcome, of: scenario) else {
            let verdicts = outcome.verdicts.map(\.rawValue).joined(separator: ", ")
            return (wrong("verdict", "the search finds: \(verdicts)"), true)
        }
        if finals != again.finals { return (wrong("finals", "here they are \(again.finals)"), true) }
        if counts.finalStates != again.counts.finalStates {
            return (wrong("counts", "final states: \(counts.finalStates), here \(again.counts.finalStates)"), true)
        }
        if let odd = coverage.difference(from: again.coverage), isRepeatable { return (wrong("coverage", odd), true) }
        let gaps = CoverageGaps(coverage, of: [scenario], sources: nil)
        if missed.withoutLines != gaps { return (wrong("missed", "it is not what the coverage leaves"), true) }
        if isRepeatable, let wrong = wrongCount(again.counts) { return (wrong, true) }
        return (nil, true)
    }

    private func wrongCount(_ here: SearchCounts) -> Verification? {
        let numbers: [(String, KeyPath<SearchCounts, Int>)] = [
            ("states", \.states), ("transitions", \.transitions), ("runs", \.runs), ("steps", \.steps),
            ("recalled", \.recalled), ("failures", \.failures), ("depth", \.depth), ("attempts", \.attempts),
        ]
        for (name, path) in numbers where counts[keyPath: path] != here[keyPath: path] {
            return wrong("counts", "\(name): \(counts[keyPath: path]), here \(here[keyPath: path])")
        }
        return nil
    }
}
