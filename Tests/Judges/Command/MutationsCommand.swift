import ArgumentParser
import Foundation
import Judges
import Synchronization

/// Switches on one mutation after the other and looks who sees it.
struct MutationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mutations",
        abstract: "Make the simulated kernel wrong in one place after the other: each must change a verdict.")

    @Argument(help: "The table of mutations.") var table: String
    @Option(help: "The folder of scenarios.") var scenarios = "Fixtures/scenarios"
    @Option(help: "Only mutations whose name has this.") var only = ""
    @Option(help: "Mutations at once.") var threads = 2
    @Option(help: "Seconds after which no mutation is begun.") var limit = Double.infinity
    @Option(help: "What runs the unit tests, for what no cell sees: a command of the shell.") var tests = ""
    @Flag(help: "Write what is found to the table; reasons stay.") var update = false

    func run() throws {
        let runner = MutationRunner(scenarios: scenarios, tests: tests)
        var table = try MutationTable(text: try String(contentsOfFile: self.table, encoding: .utf8))
        let places = try MutationTable.places(in: "Sources")
        let steps = try runner.steps()
        guard !steps.isEmpty else { throw ValidationError("this is no build with mutations; see make mutations") }
        let all = places.keys.sorted().map { (name: $0, argument: $0) } + steps
        let chosen = all.filter { only.isEmpty || $0.name.contains(only) }
        let (known, limit) = (table, limit)
        let clock = ContinuousClock()
        let start = clock.now
        let found = inParallel(chosen.count, threads: threads) { place -> String? in
            guard clock.now - start < .seconds(min(limit, 1e9)) else { return nil }
            let judge = runner.judge(
                chosen[place].argument, isExplained: known.row(chosen[place].name)?.isExplained == true)
            print("\(chosen[place].name): \(judge ?? "NOT SEEN")")
            fflush(nil)
            return judge ?? ""
        }
        if only.isEmpty { table.keep(Set(all.map(\.name))) }
        var missed: [String] = []
        var seen = 0
        for (mutation, judge) in zip(chosen, found) {
            guard let judge else { continue }
            if !judge.isEmpty {
                seen += 1
                table.set(mutation.name, judge: judge, places: places)
            } else if known.row(mutation.name)?.isExplained != true {
                table.set(mutation.name, judge: "not seen: ", places: places)
                missed.append(mutation.name)
            }
        }
        let tried = found.count { $0 != nil }
        print("\(tried) mutations, \(seen) seen, \(tried - seen - missed.count) explained, \(clock.now - start)")
        if update { try table.text.write(toFile: self.table, atomically: true, encoding: .utf8) }
        for name in missed { print("nothing sees: \(name)") }
        if !missed.isEmpty { throw ExitCode.failure }
    }
}

/// Runs `judge mutant` in processes of their own.
final class MutationRunner: Sendable {
    private let scenarios: String
    private let tests: String
    /// How many mutations each cell has seen: those that saw most are asked first.
    private let hits = Mutex<[String: Int]>([:])

    init(scenarios: String, tests: String) {
        self.scenarios = scenarios
        self.tests = tests
    }

    /// The steps that can be left out or taken back early: those that the matrix comes by.
    func steps() throws -> [(name: String, argument: String)] {
        let result = run(CommandLine.arguments[0], ["mutant", scenarios, "--list"], mutation: "list")
        guard result.status == 0 else { throw JudgeError("cannot list mutations: \(result.errors)") }
        let lines = result.output.split(separator: "\n").map(String.init)
        let steps = lines.filter { $0.split(separator: " ").last.flatMap { Int($0) } != nil }
        return MutationTable.names(ofSteps: steps)
    }

    /// What sees a mutation; nil: nothing.
    func judge(_ mutation: String, isExplained: Bool) -> String? {
        let order = hits.withLock { hits in
            hits.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(8).map(\.key).joined(separator: ",")
        }
        let result = run(CommandLine.arguments[0], ["mutant", scenarios, "--first", order], mutation: mutation)
        if result.status == SIGTERM || result.status == SIGKILL { return nil }
        var judge = result.output.split(separator: "\n").first.map(String.init)
        if result.status != 0 {
            let lines = result.errors.split(separator: "\n")
            let cell = lines.last { $0.hasPrefix("cell ") }?.dropFirst(5) ?? "?"
            let why = lines.first { $0.contains("Fatal error") }?.components(separatedBy: "Fatal error: ").last
            judge = "\(cell): trap" + (why.map { ": \($0)" } ?? "")
        }
        if let judge, let cell = judge.split(separator: ":").first {
            hits.withLock { $0[String(cell), default: 0] += 1 }
        }
        if judge != nil || tests.isEmpty || isExplained { return judge }
        let tested = run("/bin/sh", ["-c", tests], mutation: mutation)
        guard tested.status != 0 else { return nil }
        let failed = tested.output.split(separator: "\n").first { $0.contains("✘") && $0.contains("Test \"") }
        return "a test"
            + (failed.map { ": " + ($0.components(separatedBy: "Test \"").last ?? "").prefix { $0 != "\"" } } ?? "")
    }

    private func run(
        _ program: String, _ arguments: [String], mutation: String
    ) -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["ZRAMFS_MUTATION"] = mutation
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        let folder = FileManager.default.temporaryDirectory.appending(path: "mutant-\(UUID().uuidString)")
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files and not pipes: nobody need read while it runs.
        let files = ["output", "errors"].map { folder.appending(path: $0) }
        for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        guard let output = try? FileHandle(forWritingTo: files[0]), let errors = try? FileHandle(forWritingTo: files[1])
        else { return (1, "", "no temporary file") }
        process.standardOutput = output
        process.standardError = errors
        do { try process.run() } catch { return (1, "", "\(error)") }
        process.waitUntilExit()
        func text(_ file: URL) -> String { (try? String(contentsOf: file, encoding: .utf8)) ?? "" }
        return (process.terminationStatus, text(files[0]), text(files[1]))
    }
}
