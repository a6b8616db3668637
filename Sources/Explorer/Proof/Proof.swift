import Foundation
import KernelCore
import Zram

/// A proof that no interleaving of a scenario fails, to be kept in a file and checked again.
///
/// It has all that it is about in full, so that `verify` needs nothing else but this program.
public struct Proof: Codable, Sendable, Equatable {
    /// Says what the file is.
    public let format: String
    /// The checksum of the program that made it.
    public let program: String
    /// The scenario.
    public let scenario: ScenarioText
    /// The policy that the patches are; nil if they are none of those that have a name.
    public let policy: String?
    /// The patches.
    public let patches: [String]
    /// Stands for scenario, patches and what the program does in it; schedules have it, too.
    public let digest: String
    /// The search in numbers.
    public let counts: SearchCounts
    /// True if the numbers come out the same whenever the search is repeated: one thread, from the beginning.
    public let isRepeatable: Bool
    /// What made it shorter.
    public let reductions: [String]
    /// Stands for the set of final states.
    public let finals: String
    /// What the search reached.
    public let coverage: Coverage
    /// What it never reached, though the scenario's modules have it.
    public let missed: CoverageGaps
    /// What the proof rests on.
    public let note: String

    static let currentFormat = "zramfs proof 3"

    /// The proof of an outcome; nil if it proves nothing.
    ///
    /// - Parameter sources: the folder of the sources, by which lines that were never reached are known.
    public init?(_ outcome: Outcome, of scenario: Scenario, sources: String? = nil) {
        guard outcome.isProved else { return nil }
        format = Self.currentFormat
        program = ProgramIdentity.text
        self.scenario = ScenarioText(scenario)
        patches = outcome.patches
        policy = Self.policy(outcome.patches)
        digest = outcome.digest
        counts = outcome.counts
        isRepeatable = outcome.isRepeatable
        reductions = outcome.reductions.names
        finals = outcome.finals
        coverage = outcome.coverage
        missed = CoverageGaps(outcome.coverage, of: [scenario], sources: sources)
        note = Self.note(outcome.reductions)
    }

    /// The name of the policy that has just these patches.
    static func policy(_ patches: [String]) -> String? {
        Policy.all.first { $0.patches.map(\.rawValue).sorted() == patches.sorted() }?.name
    }

    static func note(_ reductions: Reductions) -> String {
        var note =
            "covers every schedule of the steps of the simulated kernel; equal states are recognised by 64-bit "
            + "fingerprints, so that a state is missed with a chance of about states^2 / 2^65"
        if reductions.contains(.recalledSteps) {
            note +=
                "; steps that were seen before were recalled, and at least one of 4096 such compared with what the code does"
        }
        return note
    }

    /// Its reductions as a set; nil if one is unknown, or the list is not in order.
    var reductionSet: Reductions? {
        let set = reductions.compactMap(Reductions.named).reduce(Reductions.none) { $0.union($1) }
        return set.names == reductions ? set : nil
    }

    /// Its patches as a set; nil if one is unknown, or the list is not in order.
    var patchSet: Set<Patch>? {
        let set = Set(patches.compactMap(Patch.init(rawValue:)))
        return set.sorted().map(\.rawValue) == patches ? set : nil
    }
}
