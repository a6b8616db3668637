import ArgumentParser
import Judges

/// The judges of the explorer: long sweeps, whose samples are tests.
@main struct JudgesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "Judge the explorer by what it says of very many scenarios.",
        subcommands: [
            PairsCommand.self, GeneratedCommand.self, MutationsCommand.self, MutantCommand.self, VerdictCommand.self,
        ])
}
