import Foundation
import Testing
import Zram

@testable import Explorer

@Suite("Matrix")
struct MatrixTests {
    /// How often each schedule is replayed; `ZRAMFS_REPLAYS=1000` for a long run.
    static let replays = ProcessInfo.processInfo.environment["ZRAMFS_REPLAYS"].flatMap(Int.init) ?? 20

    @Test("every scenario ends as it expects under every policy", arguments: Fixtures.names)
    func expected(name: String) throws {
        let scenario = try Fixtures.scenario(name)
        var options = ExploreOptions()
        options.isMinimising = false
        #expect(scenario.expected.count == Policy.all.count)
        for policy in Policy.all {
            let outcome = explore(scenario, patches: policy.patches, options: options)
            #expect(outcome.verdicts == scenario.expected[policy.name], "\(policy.name)")
            for finding in outcome.findings where finding.failure.verdict != .starvation {
                #expect(finding.schedule.description.count <= 80)
                var ends: Set<UInt64> = []
                for _ in 0..<Self.replays {
                    let replayed = try replay(finding.schedule, scenario: scenario, patches: policy.patches)
                    #expect(replayed.failures.contains { $0.verdict == finding.failure.verdict })
                    ends.insert(replayed.end)
                }
                #expect(ends.count == 1, "\(policy.name)")
            }
        }
    }

    @Test("the matrix holds what the mailing list argued over")
    func named() throws {
        func verdicts(_ name: String, _ policy: String) throws -> [Verdict] {
            try Fixtures.scenario(name).expected[policy] ?? []
        }
        #expect(try verdicts("reset-vs-rmmod", "5.15").contains(.instancesLeft))
        #expect(try verdicts("disksize-vs-rmmod", "5.15").contains(.instancesLeft))
        #expect(try verdicts("disksize-reset-vs-rmmod", "5.15").contains(.useAfterFree))
        #expect(try verdicts("disksize-vs-rmmod", "v8-11") == [.deadlock])
        #expect(try verdicts("disksize-vs-rmmod", "v8") == [.proved])
        #expect(try verdicts("hot-remove-vs-disksize-reset", "v8") == [.deadlock])
        #expect(try verdicts("busy-reader-vs-rmmod", "v8") == [.starvation])
        for name in Fixtures.names where try Fixtures.scenario(name).concernsZram {
            #expect(try verdicts(name, "5.16") == [.proved], "\(name)")
        }
        #expect(try verdicts("test-firmware-vs-rmmod", "5.16") == [.deadlock])
        #expect(try verdicts("test-firmware-vs-rmmod", "v8") == [.proved])
        #expect(try verdicts("timer-wakeup-vs-rmmod", "5.15") == [.proved])
    }

    @Test("which of 5.16's patches suffice against disksize and reset and rmmod: 1/4, 2/4 and 3/4")
    func minimal() throws {
        let sets = minimalPatchSets(
            try Fixtures.scenario("disksize-reset-vs-rmmod"),
            among: [.resetHoldsInitLock, .removeIgnoresClaim, .resetAfterDelGendisk, .syncBlockdev])
        #expect(sets.count == 16)
        #expect(
            sets.filter(\.isMinimal).map(\.patches)
                == [["reset-holds-init-lock", "remove-ignores-claim", "reset-after-del-gendisk"]])
    }
}
