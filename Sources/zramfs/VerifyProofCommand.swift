import ArgumentParser
import Explorer
import Foundation

/// `zramfs verify-proof`: checks a proof again.
struct VerifyProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-proof",
        abstract: "Check a proof again, by walks that have none of the search's reductions.",
        discussion: """
            Example:
              zramfs explore reset-vs-rmmod --policy 5.16 --proof reset.proof && zramfs verify-proof reset.proof

            Exit status: 0 it holds; 1 it does not; 2 it is no proof, or was changed; 4 the time was used up before.
            """)

    @Argument(help: "The proof's file.") var file: String
    @Option(help: "Seconds for all of it; the more, the less the check takes for granted.") var seconds = 60.0
    @Option(help: "Millions of states that a walk may keep.") var states = 5

    func run() throws {
        guard seconds > 0, (1...1000).contains(states) else {
            throw Failure("--seconds wants a number above 0, --states 1 to 1000", .usage)
        }
        let proof: Proof
        do { proof = try Proof(file: file) } catch let error as Proof.Unreadable {
            throw Failure("\(file): \(error)", .usage)
        } catch {
            throw Failure("\(file) cannot be read: \(ErrorText.of(error))", .usage)
        }
        let progress = ProgressLine()
        let verification = proof.verify(seconds: seconds, limit: states * 1_000_000) { progress.show($0) }
        progress.clear()
        let patches = proof.patches.isEmpty ? "no patches" : proof.patches.joined(separator: " ")
        let what = "\(proof.scenario.name) under \(proof.policy.map { "\($0): " } ?? "")\(patches)"
        for walk in verification.walks { print("  \(walk)") }
        switch verification.result {
        case .holds:
            print("  \(Verification.shared)\n\(file) holds: \(what)")
        case .fails(let why): throw Failure("\(file) does not hold: \(why)")
        case .unfinished:
            throw Failure("\(file): the time was used up, and nothing is known of \(what); see --seconds", .unfinished)
        }
    }
}
