import ArgumentParser
import CRunShims
import Foundation
import Glibc

/// `zramfs run`: a command that sees the simulated kernel where the host's zram would be.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a command that sees the simulated zram instead of the host's.",
        discussion: """
            Examples:
              zramfs run -- zramctl -f -s 64M -a lz4
              zramfs run --policy v8-11 --terminals 2 --timeout 60 -- ./zram02.sh
              zramfs run --policy 5.15 --repeat 100 --until-failure --seed 1 -- ./race.sh
              zramfs run --mount /mnt/z -- bash

            The command runs in a private mount namespace in which /sys, /dev, /proc/modules and /proc/swaps show the
            simulated devices among the host's own, and modprobe, rmmod, lsmod, modinfo, insmod, swapon, swapoff and
            dmesg come first in PATH. ZRAMFS_MOUNT names the mount with its debug files. An ordinary user is root in a
            user namespace. Whatever the command leaves running is ended with it.

            Left alone, an operation of the simulated kernel runs to its end at once, and races are seldom met. --seed
            delays its steps at random: the same seed draws the same delays in the same order. --terminals, --repeat
            and --until-failure choose a seed themselves and name it.

            Exit status: the command's own, also if a signal ended it; 120 lockdep found an inversion, 121 the instance
            deadlocked, 122 it oopsed, 123 it leaked or warned, 124 timeout, 125 run itself failed, 126 and 127 the command could not be run.
            """)

    @OptionGroup var options: RunOptions
    @OptionGroup var reports: RunReportOptions
    @Option(help: "Run the command so many times, each on a fresh instance.") var `repeat`: Int?
    @Flag(help: "Stop at the first round that fails; without --repeat: go on until one does.") var untilFailure = false
    @Argument(parsing: .postTerminator, help: "The command.") var command: [String] = []

    func run() throws {
        guard !command.isEmpty else {
            throw Failure("run wants a command behind --; example: zramfs run -- zramctl", .usage)
        }
        try options.check()
        try reports.check()
        do { try perform() } catch let failure as Failure where failure.status == .runFailed {
            reports.write(failure, of: command)
            throw failure
        }
    }

    private func perform() throws {
        var options = options
        if options.terminals > 1 || `repeat` != nil || untilFailure, options.seed == nil, options.delay > 0 {
            options.seed = UInt64.random(in: 1...999_999)
        }
        if let `repeat`, `repeat` < 1 { throw Failure("--repeat wants a number above 0", .usage) }
        if `repeat` != nil || untilFailure {
            let rounds = RunRounds(options: options, count: `repeat`, untilFailure: untilFailure, command: command)
            let results = try rounds.run()
            reports.write(results)
            Glibc.exit(results.first { $0.hasFailed }?.status ?? 0)
        }
        let session = try RunSession(options)
        let result = try session.run(command)
        reports.write([result])
        session.end()
        if let file = options.result {
            let first = result.firstFailure.map { String($0) } ?? ""
            try? Outputs.write("\(result.seconds)\n\(first)\n\(result.details)", to: file)
        }
        if let signal = result.signal, result.verdict == .passed || result.verdict == .failed { zr_die_of(signal) }
        Glibc.exit(result.status)
    }
}

/// What a run is made of; `--repeat` hands it on to each round.
struct RunOptions: ParsableArguments {
    @Option(help: "A set of patches; see: zramfs policies.", completion: Completion.policies) var policy: String?
    @Option(help: "Patches by name, joined by commas.", completion: Completion.patches) var patches: String?
    @Option(help: "The kernel whose files and errnos are shown: 5.15 or 6.18.") var abi: String?
    @Option(help: "Simulated CPUs.") var cpus: Int?
    @Option(help: "Devices that are there at the beginning; 0: modprobe comes later.") var devices: Int?
    @Flag(help: "The module is not loaded at the beginning.") var unloaded = false
    @Flag(help: "A kernel without CONFIG_PROVE_LOCKING: an inversion that did not hang is not reported.")
    var noLockdep = false
    @Option(help: "Slow kernel functions take their time: smp (default), off, or a factor.") var timing: String?
    @Option(help: "Join this mount instead of making one.", completion: Completion.mountPoints) var mount: String?
    @Option(help: "What /dev/zramN is: loop, a block device (root only, the default then), or file.")
    var blockDevice: String?
    @Flag(help: "Print the simulated kernel's log at the end.") var dmesg = false
    @Option(help: "Run the command so many times at once on the one instance, each with a log of its own.")
    var terminals = 1
    @Option(help: "The folder for the logs of terminals; default: a new one, which is named.") var logs: String?
    @Option(help: "Seconds after which the command is ended, with status 124.") var timeout: Double?
    @Option(
        help:
            "What becomes of a command a second after a deadlock or an oops: kill (default without a terminal) or wait."
    )
    var onDeadlock: String?
    @Option(help: "NAME=VALUE: written to debug/NAME first, e.g. points/reset.drain=hold; may be repeated.")
    var faults: [String] = []
    @Option(help: "Random delays at the simulated kernel's steps, drawn from this seed; see below.") var seed: UInt64?
    @Option(help: "The longest of these delays in microseconds; 0: none.") var delay = 1000
    @Option(help: "Write the steps that led to a failure to this file, a column for each task.") var trace: String?
    @Option(
        help:
            "If it fails, keep in this folder: the kernel's report, the steps, what the processes did as a scenario, and a schedule for zramfs replay. --until-failure does that in a new folder if none is named, --repeat for its first failure."
    )
    var record: String?
    @Option(help: .hidden) var result: String?

    func check() throws {
        guard terminals >= 1 else { throw Failure("--terminals wants a number above 0", .usage) }
        guard delay >= 0 else { throw Failure("--delay wants microseconds, or 0 for none", .usage) }
        if let timeout, timeout <= 0 { throw Failure("--timeout wants seconds above 0", .usage) }
        if let blockDevice, !["loop", "file"].contains(blockDevice) {
            throw Failure("--block-device \(blockDevice): known are loop file", .usage)
        }
        if blockDevice == "loop", geteuid() != 0 || !Host.isInitialUserNamespace {
            throw Failure("--block-device loop needs root of the host; try: --block-device file", .usage)
        }
        if let onDeadlock, !["kill", "wait"].contains(onDeadlock) {
            throw Failure("--on-deadlock \(onDeadlock): known are kill wait", .usage)
        }
        for fault in faults where !fault.contains("=") {
            throw Failure("--faults \(fault): wants NAME=VALUE, e.g. points/reset.drain=hold", .usage)
        }
        if mount != nil,
            policy != nil || patches != nil || abi != nil || cpus != nil || blockDevice != nil || timing != nil
        {
            throw Failure(
                "--mount joins a kernel as it is: without --policy --patches --abi --cpus --timing --block-device",
                .usage)
        }
        try Outputs.check(trace)
        if let record, access(record, F_OK) == 0 {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: record) else {
                throw Failure("--record \(record): it is no folder", .usage)
            }
            guard names.isEmpty else { throw Failure("--record \(record): it is not empty", .usage) }
        }
        _ = try ParsedMountOptions([mountOptions])
    }

    /// A loop device stands for each disk, so that it is a block device.
    var usesLoops: Bool {
        blockDevice.map { $0 == "loop" }
            ?? (geteuid() == 0 && Host.isInitialUserNamespace && access("/dev/loop-control", F_OK) == 0)
    }

    /// The mount's own.
    var mountOptions: String {
        var words = ["num_devices=\(devices ?? 1)"]
        if let policy { words.append("policy=\(policy)") }
        if let patches { words.append("patches=\(patches.replacing(",", with: "+"))") }
        if let abi { words.append("abi=\(abi)") }
        if let cpus { words.append("cpus=\(cpus)") }
        if noLockdep { words.append("lockdep=off") }
        if let timing { words.append("timing=\(timing)") }
        return words.joined(separator: ",")
    }

    /// True if a command that hangs in a deadlock is to be ended.
    var killsDeadlocked: Bool { onDeadlock.map { $0 == "kill" } ?? (isatty(0) == 0) }

    /// The arguments that say the same, for a round of `--repeat`.
    func arguments(seed: UInt64?, record: String?) -> [String] {
        var words: [String] = []
        func add(_ name: String, _ value: String?) { if let value { words += ["--\(name)", value] } }
        add("policy", policy)
        add("patches", patches)
        add("abi", abi)
        add("cpus", cpus.map(String.init))
        add("devices", devices.map(String.init))
        add("timing", timing)
        add("mount", mount)
        add("block-device", blockDevice)
        add("terminals", String(terminals))
        add("logs", logs)
        add("timeout", timeout.map { String($0) })
        add("on-deadlock", onDeadlock ?? "kill")
        faults.forEach { add("faults", $0) }
        add("seed", seed.map(String.init))
        add("delay", String(delay))
        add("trace", trace)
        add("record", record)
        if dmesg { words.append("--dmesg") }
        if unloaded { words.append("--unloaded") }
        if noLockdep { words.append("--no-lockdep") }
        return words
    }
}
