import ArgumentParser
import Zram

/// `zramfs policies`: what `-o policy=` and `-o patches=` take.
struct PoliciesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policies", abstract: "List the policies and patches that a mount can run under.",
        discussion: "Example:\n  zramfs policies")

    func run() {
        print("POLICY  WHAT IT IS")
        for policy in Policy.all {
            print("\(policy.name.padding(7)) \(policy.summary)")
            if !policy.patches.isEmpty {
                print("        = \(policy.patches.sorted().map(\.rawValue).joined(separator: ","))")
            }
        }
        print("\nPATCH                   WHAT IT CHANGES")
        for patch in Patch.allCases { print("\(patch.rawValue.padding(23)) \(patch.summary)") }
    }
}
