import ArgumentParser
import Explorer
import Foundation
import KernelCore
import Synchronization
import Zram

/// `zramfs explore`: all interleavings of a scenario.
struct ExploreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explore", abstract: "Walk all interleavings of a scenario on the driver's own code.",
        discussion: """
            Examples:
              zramfs explore disksize-vs-rmmod --policy v8-11
              zramfs explore Fixtures/scenarios/reset-vs-rmmod --policy 5.16 --proof reset.proof
              zramfs explore disksize-vs-rmmod --policy v8-11 --script out.sh; bash out.sh /mnt/z

            Exit status: 0 proved; 1 something can go wrong, or nothing was found but not all was seen; 2 wrong arguments,
            or scripts that cannot be explored; 3 nothing fails, but a command never succeeded: nothing is proved.
            """)

    @OptionGroup var scenario: ScenarioArguments
    @OptionGroup var policy: PolicyArguments
    @Option(help: "Threads; each has its own machines.") var threads = 1
    @Option(help: "Megabytes that the search may take.") var memory = 2048
    @Option(help: "Seconds at most.") var seconds: Double?
    @Option(
        help:
            "Reductions that are left out, joined by commas: fingerprints symmetry local-steps sleep-sets named-files recalled-steps."
    )
    var without: String?
    @Flag(
        help:
            "For who writes a driver: take each step that could be recalled as well, and say if it does something else."
    )
    var checkSteps = false
    @Flag(help: "Do not look for the shortest schedule.") var anySchedule = false
    @Option(help: "Write the proof to this file; zramfs verify-proof checks it again.") var proof: String?
    @Option(help: "Write a bash script that drives a mount into the worst schedule found; run it with the mount point.")
    var script: String?
    @Option(
        help: "When Ctrl-C, --seconds or --memory ends the search, write what was seen and what is left to this file.")
    var save: String?
    @Option(help: "Go on from such a file; ended again, the search is saved there again.") var resume: String?
    @Option(
        help:
            "With --resume and --save: do INDEX of COUNT parts of what is left, as 0/4, or what Slurm, Kubernetes or Bazel's environment says: auto."
    )
    var shard: String?
    @Option(
        help:
            "With --shard: a folder by which parts that run at one time, or in turn, tell each other what they have seen."
    )
    var share: String?
    @Option(parsing: .upToNextOption, help: "Put together the parts that --shard saved, and finish what they left.")
    var merge: [String] = []
    @Flag(help: "Say which attributes, locks, patches and lines some schedule reached, and which none did.")
    var coverage = false
    @Flag(help: "For programs.") var json = false
    @Option(help: "Write the result as JUnit XML to this file.") var junit: String?

    func run() throws {
        try Outputs.check(proof, script, save ?? resume, junit)
        let policy = try policy.choose(for: self.scenario.scenario)
        let patches = policy.patches
        let scenario = try scenario.load()
        let options = try options()
        let shard = try chosenShard()
        var saved = try resumed(scenario, patches, options)
        if let shard { saved = saved?.part(shard) }
        let isPart = saved?.isPart == true
        let exchange = try exchange(saved)
        let file = save ?? resume
        if file != nil { Interruption.listen() }
        let progress = ProgressLine()
        var kept: Result<String, Failure>?
        let outcome = explore(
            scenario, patches: patches, options: options, resuming: saved, exchange: exchange,
            isInterrupted: { Interruption.hasCome },
            // At once: what comes behind the search may take long.
            saving: { left in kept = file.map { keep(left, $0, shard) } }, progress: { progress.show($0) })
        progress.clear()
        if let wrong = outcome.invalid { throw Failure(wrong, .usage) }
        if !isPart {
            if json { JSON.print(outcome) } else { OutcomeText.print(outcome, scenario, policy) }
            if coverage, !json {
                let gaps = CoverageGaps(outcome.coverage, of: [scenario], sources: ScenarioFolder.sources)
                CoverageText.print(outcome.coverage, gaps)
            }
        }
        if let junit, !isPart {
            let test = JUnit.test(outcome, under: policy.title, isExpected: outcome.isProved)
            try Outputs.write(JUnit.text("zramfs explore", [test]), to: junit)
        }
        if let kept { Terminal.error(try kept.get()) }
        if isPart { return }
        if let proof {
            guard let document = Proof(outcome, of: scenario, sources: ScenarioFolder.sources) else {
                throw Failure("nothing is proved, so that \(proof) is not written")
            }
            do { try document.write(to: proof) } catch { throw Failure("\(error)", .usage) }
        }
        if let script {
            guard let finding = outcome.findings.first else { throw Failure("nothing goes wrong: no script to write") }
            try ScriptFile.write(finding.schedule, scenario, patches, policy: policy.name, to: script)
        }
        if outcome.verdicts == [.empty] { ExitStatus.empty.leave() }
        if !outcome.isProved { ExitStatus.failed.leave() }
    }

    /// - Returns: what to say of it.
    private func keep(_ left: SavedSearch, _ file: String, _ shard: Shard?) -> Result<String, Failure> {
        do {
            try left.write(to: file)
        } catch {
            return .failure(Failure("the search cannot be saved: \(error)"))
        }
        let part = shard.map { "part \($0.index) of \($0.count): " } ?? ""
        let next = !left.isPart ? "; go on with --resume \(file)" : ""
        return .success("zramfs: \(part)\(left.summary), saved in \(file)\(next)")
    }

    private func resumed(
        _ scenario: Scenario, _ patches: Set<Patch>, _ options: ExploreOptions
    ) throws -> SavedSearch? {
        if !merge.isEmpty {
            guard resume == nil else {
                throw Failure("--merge and --resume: each begins from files of its own", .usage)
            }
            guard let merged = SavedSearch.merged(try merge.map { try read($0, scenario, patches, options) }) else {
                throw Failure(
                    "--merge: the files are not all parts of one search, or one has taken over what another run of a part "
                        + "had seen: run the parts anew", .usage)
            }
            return merged
        }
        return try resume.map { try read($0, scenario, patches, options) }
    }

    private func read(
        _ file: String, _ scenario: Scenario, _ patches: Set<Patch>, _ options: ExploreOptions
    ) throws -> SavedSearch {
        let saved: SavedSearch
        do { saved = try SavedSearch(file: file) } catch let error as SavedSearch.Unreadable {
            throw Failure("\(file): \(error)", .usage)
        } catch {
            throw Failure("\(file) cannot be read: \(ErrorText.of(error))", .usage)
        }
        if let why = saved.mismatch(scenario, patches: patches, reductions: options.reductions) {
            throw Failure("\(file): \(why)", .usage)
        }
        return saved
    }

    private func exchange(_ part: SavedSearch?) throws -> StateExchange? {
        guard let share else { return nil }
        guard let part, part.isPart else { throw Failure("--share is for the parts of a search: --shard", .usage) }
        do { return try StateExchange(folder: share, part: part) } catch {
            throw Failure("\(share): \(ErrorText.of(error))")
        }
    }

    private func chosenShard() throws -> Shard? {
        guard let shard else { return nil }
        guard resume != nil, save != nil else { throw Failure("--shard wants --resume FILE and --save FILE", .usage) }
        let chosen = shard == "auto" ? Shard(environment: ProcessInfo.processInfo.environment) : Shard(shard)
        guard let chosen else {
            throw Failure("--shard \(shard): wants INDEX/COUNT, as 0/4, or auto in a cluster's job", .usage)
        }
        return chosen
    }

    private func options() throws -> ExploreOptions {
        var options = ExploreOptions()
        guard threads > 0, memory > 0 else { throw Failure("--threads and --memory want a number above 0", .usage) }
        options.threads = threads
        options.memory = memory << 20
        options.seconds = seconds ?? .infinity
        options.isMinimising = !anySchedule
        if checkSteps { options.checkEvery = 1 }
        for name in (without ?? "").split(separator: ",") {
            guard let reduction = Reductions.named(String(name)) else {
                throw Failure("--without \(name): known are \(Reductions.all.names.joined(separator: " "))", .usage)
            }
            options.reductions.remove(reduction)
        }
        return options
    }
}

/// Ctrl-C, once: the search stops and is saved. Again it ends the program.
private enum Interruption {
    private static let flag = Atomic<Bool>(false)

    static var hasCome: Bool { flag.load(ordering: .relaxed) }

    static func listen() {
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.flag.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}

/// An outcome as a person reads it.
enum OutcomeText {
    static func print(_ outcome: Outcome, _ scenario: Scenario, _ policy: ChosenPolicy) {
        let machine = scenario.machineOptions.isEmpty ? "" : ", on \(scenario.machineOptions)"
        Swift.print("\(outcome.scenario) under \(policy.title)\(machine)")
        Swift.print(scenario.summary + "\n")
        for finding in outcome.findings {
            Swift.print("\(finding.failure.verdict.rawValue.uppercased()): \(finding.failure.what)")
            var how = "  schedule  \(finding.schedule)"
            if let preemptions = finding.preemptions {
                how +=
                    "   (\(preemptions) preemption\(preemptions == 1 ? "" : "s"), \(finding.schedule.path.count) steps"
                how += finding.isMinimal ? ": none is shorter)" : ")"
            }
            Swift.print(how)
        }
        let counts = outcome.counts
        if outcome.isProved {
            Swift.print("PROVED: no schedule of the simulated kernel's steps fails")
        } else if outcome.verdicts == [.empty] {
            Swift.print("EMPTY: nothing fails, but not every command did what it says; nothing is proved")
        } else if outcome.findings.isEmpty {
            Swift.print("NOTHING FOUND, but not everything was looked at")
        } else if outcome.isCut {
            Swift.print("CUT: not everything was looked at, more may go wrong")
        }
        for line in outcome.neverSucceeded { Swift.print("  \(line)") }
        Swift.print(
            "  looked at \(counts.states) states, \(counts.transitions) transitions, \(counts.finalStates) ends in "
                + "\(counts.runs) runs and \(counts.recalled) recalled steps, \(Number.text(counts.seconds)) s")
        if let mistake = outcome.mistake {
            Swift.print("  recalling steps was given up: \(mistake)")
        }
        if let first = counts.firstFailure {
            Swift.print("  first failure seen after \(Number.text(first * 1000)) ms")
        }
        Swift.print("  reductions: \(outcome.reductions.names.joined(separator: " ")); digest \(outcome.digest)")
    }
}
