import ArgumentParser
import Machine

/// The command: arguments in, exit code out.
@main
struct ZramfsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zramfs",
        abstract: "A kernel laboratory in a mount: zram's control files, and their races with module removal.",
        discussion: """
            Examples:
              zramfs mount -o policy=v8-11 /mnt/z      # a private temporary disk image
              while echo 1 > /mnt/z/zram0/reset; do :; done &
              sleep 1; zramfs umount /mnt/z            # deadlocks; Ctrl-C
              cat /mnt/z/debug/kmsg                    # who holds what
              echo b > /mnt/z/sysrq-trigger            # gets everybody out
              zramfs umount /mnt/z

            Exit status: 0 done; 1 the command failed; 2 the arguments are wrong; 32 the target is busy (umount).
            """,
        version: Version.text,
        subcommands: [
            MountCommand.self, RunCommand.self, ReapCommand.self, LoopsCommand.self, UmountCommand.self,
            RmmodCommand.self,
            ModprobeCommand.self, LsmodCommand.self,
            PoliciesCommand.self, ImageCommand.self,
            ExploreCommand.self, MatrixCommand.self, ReplayCommand.self, OddsCommand.self, ConformCommand.self,
            VerifyProofCommand.self,
        ])

    /// Runs the subcommand; called as `mount.fuse.zramfs` or `umount.fuse.zramfs`, as mount(8)'s helper.
    static func main() {
        _ = Host.program
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        var arguments = Array(CommandLine.arguments.dropFirst())
        if name.hasPrefix("mount.") { arguments = ["mount"] + HelperArguments.forMount(arguments) }
        if name.hasPrefix("umount.") { arguments = ["umount"] + HelperArguments.forUmount(arguments) }
        if let tool = ViewTool(rawValue: name) { tool.run(arguments) }
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch let failure as Failure {
            failure.exit()
        } catch {
            exitWithStatus(error, arguments)
        }
    }

    /// Argument errors end with status 2, whatever the library's own choice.
    private static func exitWithStatus(_ error: any Error, _ arguments: [String]) -> Never {
        let code = exitCode(for: error)
        if code == .success || error is ExitCode { exit(withError: error) }
        guard code == .validationFailure else { Failure(ErrorText.of(error)).exit() }
        let line = message(for: error).split(separator: "\n").joined(separator: " ")
        Failure("\(line.hasSuffix(".") ? String(line.dropLast()) : line); see: \(named(by: arguments)) --help", .usage)
            .exit()
    }

    /// The command that the arguments name, as far as they do: `zramfs image check`.
    private static func named(by arguments: [String]) -> String {
        var words = ["zramfs"]
        var known: [any ParsableCommand.Type] = configuration.subcommands
        for argument in arguments {
            guard let found = known.first(where: { $0.configuration.commandName == argument }) else { break }
            words.append(argument)
            known = found.configuration.subcommands
        }
        return words.joined(separator: " ")
    }
}

/// The version, for `--version` and reports.
enum Version {
    /// Semantic version; CHANGELOG.md says what changed.
    static let text = "0.1.0"
}
