import ArgumentParser
import Explorer
import Judges
import Zram

/// The explorer's verdict on one scenario, for judges that are no Swift.
struct VerdictCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verdict", abstract: "Explore a scenario under each policy: a line for each.")

    @Argument(help: "The folder.") var scenario: String

    func run() throws {
        let scenario = try Scenario(folder: scenario)
        var options = ExploreOptions()
        options.isMinimising = false
        for policy in Policy.all {
            let found = explore(scenario, patches: policy.patches, options: options)
            print("\(policy.name): \(found.verdicts.map(\.rawValue).joined(separator: ", "))")
        }
    }
}
