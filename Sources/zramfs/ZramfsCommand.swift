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
              zramfs mount -o policy=v8-11 /mnt/z       # a private temporary disk image
              echo 256M > /mnt/z/zram0/disksize
              echo 1 > /mnt/z/zram0/reset & umount /mnt/z
              cat /mnt/z/debug/kmsg

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
            exitWithStatus(error)
        }
    }

    /// Argument errors end with status 2, whatever the library's own choice.
    private static func exitWithStatus(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        if code == .success || error is ExitCode { exit(withError: error) }
        Terminal.error(message(for: error))
        Terminal.error("Try 'zramfs --help'.")
        ExitStatus.usage.leave()
    }
}

/// The version, for `--version` and reports.
enum Version {
    /// Semantic version; CHANGELOG.md says what changed.
    static let text = "0.1.0"
}
