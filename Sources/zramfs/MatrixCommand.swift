import ArgumentParser
import Explorer
import Foundation
import KernelCore
import Synchronization
import Zram

/// `zramfs matrix`: scenarios against policies.
struct MatrixCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix", abstract: "Scenario x policy: proved, or what goes wrong, with a schedule.",
        discussion: """
            Examples:
              zramfs matrix
              zramfs matrix reset-vs-rmmod two-removers --policy 5.16
              zramfs matrix --all-patches disksize-vs-rmmod   # which sets of patches suffice?

            Exit status: 0 every cell is what its scenario expects; 1 one is not; 2 wrong arguments, or scripts that cannot
            be explored; 3 a command never succeeded, so that a cell is empty, of which its scenario says nothing.
            """)

    @Argument(help: "Scenarios; without any, all of ours.", completion: Completion.scenarios) var scenarios: [String] =
        []
    @Option(help: "Policies, joined by commas; all without it.", completion: Completion.policies) var policy: String?
    @Flag(help: "All subsets of the patches instead; the minimal ones that suffice are marked.") var allPatches = false
    @Option(help: "Explore only cells INDEX modulo COUNT, as 0/4; also from Slurm, Kubernetes or Bazel's environment.")
    var shard: String?
    @Option(parsing: .upToNextOption, help: "Print the matrix of these files, which shards wrote with --json.")
    var merge: [String] = []
    @Flag(help: "Say what all cells together reached, and what none did.") var coverage = false
    @Option(help: "Threads.") var threads = Host.cores
    @Flag(help: "For programs.") var json = false
    @Option(help: "Write the result as JUnit XML to this file, a test for each cell.") var junit: String?

    func run() throws {
        try Outputs.check(junit)
        if !merge.isEmpty { return try merged() }
        let names = scenarios.isEmpty ? ScenarioFolder.names(in: nil) : scenarios
        guard !names.isEmpty else { throw Failure("no scenarios here; name a folder", .usage) }
        let loaded = try names.map(ScenarioFolder.load)
        if allPatches { return try subsets(loaded) }
        let policies = try chosen()
        let progress = ProgressLine()
        let done = Counter()
        let shard = try chosenShard()
        let total = (0..<loaded.count * policies.count).count { shard.has($0) }
        let clock = KernelClock()
        let cells = matrix(loaded, policies: policies, threads: max(1, threads), shard: shard) { _ in
            progress.show("\(done.next()) of \(total) cells")
        }
        progress.clear()
        if let junit {
            let tests = cells.map {
                JUnit.test(
                    $0.outcome, under: $0.policy,
                    isExpected: $0.isAsExpected && ($0.expected != nil || $0.outcome.verdicts != [.empty]))
            }
            try Outputs.write(JUnit.text("zramfs matrix", tests), to: junit)
        }
        if json {
            JSON.print(cells)
        } else {
            MatrixText.print(cells, loaded, policies, seconds: Double(clock.now) / 1e9)
            if coverage { printCoverage(cells, loaded) }
        }
        leave(cells)
    }

    private func leave(_ cells: [MatrixCell]) {
        if let wrong = cells.lazy.compactMap(\.outcome.invalid).first { Failure(wrong, .usage).exit() }
        if cells.contains(where: { !$0.isAsExpected }) { ExitStatus.failed.leave() }
        if cells.contains(where: { $0.expected == nil && $0.outcome.verdicts == [.empty] }) { ExitStatus.empty.leave() }
    }

    /// The part that `--shard` or the cluster's own environment asks for.
    private func chosenShard() throws -> Shard {
        guard let shard else { return Shard(environment: ProcessInfo.processInfo.environment) ?? .whole }
        guard let parsed = Shard(shard) else { throw Failure("--shard \(shard): wants INDEX/COUNT, as 0/4", .usage) }
        return parsed
    }

    private func merged() throws {
        let shards = try merge.map { file in
            do {
                return try JSONDecoder().decode([MatrixCell].self, from: Data(contentsOf: URL(filePath: file)))
            } catch {
                throw Failure("--merge \(file): it is no matrix that --json wrote", .usage)
            }
        }
        let cells = Explorer.merge(shards)
        var names: [String] = []
        for cell in cells where !names.contains(cell.outcome.scenario) { names.append(cell.outcome.scenario) }
        var policies: [Policy] = []
        for cell in cells where !policies.contains(where: { $0.name == cell.policy }) {
            policies += [Policy.named(cell.policy)].compactMap { $0 }
        }
        if json { return JSON.print(cells) }
        let loaded = try names.map(ScenarioFolder.load)
        MatrixText.print(cells, loaded, policies, seconds: nil)
        if coverage { printCoverage(cells, loaded) }
        leave(cells)
    }

    private func printCoverage(_ cells: [MatrixCell], _ scenarios: [Scenario]) {
        var joined = Coverage()
        for cell in cells { joined.formUnion(cell.outcome.coverage) }
        CoverageText.print(joined, CoverageGaps(joined, of: scenarios, sources: ScenarioFolder.sources))
    }

    private func chosen() throws -> [Policy] {
        guard let policy else { return Policy.all }
        return try policy.split(separator: ",").map { name in
            guard let found = Policy.named(String(name)) else {
                throw Failure("--policy \(name): known are \(Policy.all.map(\.name).joined(separator: " "))", .usage)
            }
            return found
        }
    }

    private func subsets(_ scenarios: [Scenario]) throws {
        for scenario in scenarios {
            let progress = ProgressLine()
            let sets = minimalPatchSets(scenario, threads: max(1, threads)) {
                progress.show("\($0) of \($1) sets of patches")
            }
            progress.clear()
            if json {
                JSON.print(sets)
                continue
            }
            let sufficient = sets.filter { $0.verdicts == [.proved] }
            print("\(scenario.name): \(sufficient.count) of \(sets.count) sets of patches suffice; the minimal ones:")
            for set in sufficient where set.isMinimal {
                print(
                    "  "
                        + Colour.green.paint(
                            set.patches.isEmpty ? "none is needed" : set.patches.joined(separator: " + ")))
            }
            if sufficient.isEmpty { print("  " + Colour.red.paint("none does")) }
        }
    }
}

/// Counts from several threads.
final class Counter: Sendable {
    private let count = Atomic(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
