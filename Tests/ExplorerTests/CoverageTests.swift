import Foundation
import Testing
import Zram

@testable import Explorer

@Suite("Coverage", .timeLimit(.minutes(2)))
struct CoverageTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources").standardizedFileURL.path

    private func explored(
        _ scenario: Scenario, _ policy: String, _ reductions: Reductions = .all, threads: Int = 1
    ) -> Outcome {
        var options = ExploreOptions()
        options.reductions = reductions
        options.threads = threads
        options.isMinimising = false
        return explore(scenario, patches: Fixtures.patches(policy), options: options)
    }

    @Test("what was reached, and what never was")
    func words() throws {
        let scenario = try Fixtures.scenario("disksize-reset-vs-rmmod")
        let coverage = explored(scenario, "5.16").coverage
        #expect(coverage.attributes.contains("reset store: done") && coverage.attributes.contains("disksize store"))
        #expect(coverage.waits.contains("init_lock.down_write") && coverage.patches.contains("zram-up: no"))
        let gaps = CoverageGaps(coverage, of: [scenario], sources: Self.sources)
        #expect(gaps.attributes.contains("compact store") && gaps.attributes.contains("disksize show"))
        #expect(!gaps.attributes.contains("disksize store") && !gaps.attributes.contains("compact show"))
        #expect(gaps.locks.contains("init_lock.down_read") && !gaps.locks.contains("init_lock.down_write"))
        #expect(gaps.patches == ["naive-self-remove"])
        let lines = try #require(gaps.lines)
        #expect(lines.contains { $0.hasPrefix("Zram/Zram+Recompress.swift:") } && lines.count < gaps.lineCount)
        #expect(!lines.contains { $0.hasPrefix("Specimens/") })
        #expect(CoverageGaps(coverage, of: [scenario], sources: nil).lines == nil)
        let other = try Fixtures.scenario("test-sysfs-vs-rmmod")
        let others = CoverageGaps(explored(other, "5.16").coverage, of: [other], sources: Self.sources)
        #expect(others.lines?.contains { $0.hasPrefix("Specimens/TestSysfs") } == true)
        #expect(others.lines?.contains { $0.hasPrefix("Zram/") } == false && others.patches.isEmpty)
    }

    @Test("the lines that are read off the sources have all those at which steps were taken")
    func sites() throws {
        let names = [
            "disksize-reset-vs-rmmod", "hot-add-remove-vs-rmmod", "self-hot-remove", "test-firmware-vs-rmmod",
            "cpu-offline-vs-disksize-vs-rmmod", "timer-wakeup-vs-rmmod", "test-sysfs-vs-rmmod",
        ]
        let sites = StepSites(Self.sources, of: ["zram", "test_firmware", "fsl_mpic_timer_wakeup", "test_sysfs"]).lines
        for name in names {
            let scenario = try Fixtures.scenario(name)
            for policy in ["5.15", "v6", "v8"] {
                // The shell's own steps are no driver's.
                let lines = explored(scenario, policy).coverage.lines.filter {
                    !$0.hasPrefix("Explorer/") && !$0.hasPrefix("KernelCore/")
                }
                #expect(Set(lines).subtracting(sites).isEmpty, "\(name) under \(policy)")
            }
        }
        #expect(!sites.contains { $0.hasPrefix("KernelCore/") })
    }

    @Test("no reduction, no thread and no pause hides what a walk reaches")
    func reductions() throws {
        for (name, policy) in [
            ("disksize-vs-rmmod", "5.16"), ("two-removers", "5.16"), ("timer-wakeup-vs-rmmod", "5.15"),
        ] {
            let scenario = try Fixtures.scenario(name)
            let whole = explored(scenario, policy)
            // A run that fails ends there: what lies behind it depends on who came first.
            try #require(whole.isProved)
            for reductions in [Reductions.all.subtracting(.recalledSteps), [.fingerprints, .namedFiles]] {
                let plain = explored(scenario, policy, reductions).coverage
                #expect(plain.lines == whole.coverage.lines && plain.steps == whole.coverage.steps, "\(name)")
                #expect(plain.attributes == whole.coverage.attributes && plain.patches == whole.coverage.patches)
            }
            #expect(explored(scenario, policy, threads: 3).coverage.lines == whole.coverage.lines)
            var left: SavedSearch?
            _ = explore(
                scenario, patches: Fixtures.patches(policy), isInterrupted: { true }, saving: { left = $0 })
            guard let left else { continue }
            let again = try SavedSearch(data: left.data())
            let outcome = explore(scenario, patches: Fixtures.patches(policy), resuming: again)
            #expect(outcome.coverage.lines == whole.coverage.lines, "\(name), resumed")
        }
    }

    @Test("a proof says both, and an invented one is found out")
    func proof() throws {
        let scenario = try Fixtures.scenario("disksize-vs-rmmod")
        let proof = try #require(Proof(explored(scenario, "5.16"), of: scenario, sources: Self.sources))
        #expect(proof.missed.attributes.contains("reset store"))
        for (field, list) in [("coverage", "attributes"), ("missed", "attributes")] {
            var fields = try #require(
                try JSONSerialization.jsonObject(with: JSONEncoder().encode(proof)) as? [String: Any])
            var inner = fields[field] as? [String: Any] ?? [:]
            inner[list] = []
            fields[field] = inner
            let forged = try JSONDecoder().decode(Proof.self, from: JSONSerialization.data(withJSONObject: fields))
            guard case .fails(let why) = forged.verify(seconds: 20).result else {
                Issue.record("\(field) was taken for true")
                continue
            }
            #expect(why.hasPrefix(field), "\(why)")
        }
    }
}
