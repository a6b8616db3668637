import ArgumentParser
import Explorer
import Foundation
import Judges
import KernelCore
import Zram

/// One mutation against the matrix: prints the first cell that sees it. Run by `judge mutations`, in a process of its own,
/// for a mutation may well trap.
struct MutantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutant", abstract: "Look for a cell whose verdict a mutation changes.", shouldDisplay: false)

    @Argument(help: "The folder of scenarios.") var scenarios: String
    @Option(help: "Cells to begin with: SCENARIO/POLICY, separated by commas.") var first = ""
    @Option(help: "Seconds that one exploration may take.") var seconds = 10.0
    @Flag(help: "Look at all cells, and print what could be left out.") var list = false

    func run() throws {
        var options = ExploreOptions()
        options.isMinimising = false
        options.seconds = seconds
        for (name, policy) in try cells() {
            let scenario = try Scenario(folder: scenarios + "/" + name)
            guard let expected = scenario.expected[policy], let patches = Policy.named(policy)?.patches else {
                continue
            }
            // Says where a trap was met.
            FileHandle.standardError.write(Data("cell \(name)/\(policy)\n".utf8))
            let outcome = explore(scenario, patches: patches, options: options)
            if list { continue }
            let isSeen = outcome.verdicts != expected && !outcome.verdicts.contains(.undecided)
            guard isSeen || outcome.mistake != nil else { continue }
            let found = outcome.mistake ?? outcome.verdicts.map(\.rawValue).joined(separator: ", ")
            print("\(name)/\(policy): \(found)")
            return
        }
        for cell in Cell.core {
            for policy in ["5.16", "v8", "v8-11", "5.15"] {
                FileHandle.standardError.write(Data("cell \(cell.title), \(policy)\n".utf8))
                let found = explore(try cell.scenario(), patches: Policy.named(policy)!.patches, options: options)
                    .verdicts
                guard !list, let wrong = found.first(where: { !cell.allows($0, under: policy) && $0 != .undecided })
                else {
                    continue
                }
                return print("\(cell.title), \(policy): \(wrong.rawValue)")
            }
        }
        #if ZRAMFS_MUTATIONS
            if list { Mutation.sites.forEach { print($0) } }
        #endif
    }

    private func cells() throws -> [(String, String)] {
        let names = try FileManager.default.contentsOfDirectory(atPath: scenarios).sorted()
        let all = names.flatMap { name in Policy.all.map { "\(name)/\($0.name)" } }
        let begin = first.split(separator: ",").map(String.init).filter(all.contains)
        return (begin + all.filter { !begin.contains($0) }).map {
            let parts = $0.split(separator: "/")
            return (String(parts[0]), String(parts[1]))
        }
    }
}
