import ArgumentParser
import Glibc
import SystemPackage

/// Writes one line to a knob of a mount and says what the kernel would.
enum Knob {
    /// - Throws: the errno of open or write.
    static func write(_ text: String, to path: String) throws(Errno) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        let line = text + "\n"
        guard Glibc.write(descriptor, line, line.utf8.count) >= 0 else { throw Errno(rawValue: errno) }
    }
}

/// The words of modprobe and rmmod. The mount point may stand among them, as it did before there was `--mount`.
struct ModuleWords {
    /// The mount point.
    let mount: String
    /// Names of modules and parameters, in their order.
    let rest: [String]

    /// - Throws: `Failure` if it is not clear which mount is meant.
    init(_ words: [String], mount named: String?) throws {
        let points = Set(MountTable.ours().map(\.mountPoint))
        var found = named
        rest = words.filter { word in
            guard found == nil, !word.contains("=") else { return true }
            let isPoint = (try? MountTable.absolute(word)).map(points.contains) ?? false
            guard isPoint || word.contains("/") else { return true }
            found = word
            return false
        }
        mount = try MountTable.find(found)
    }
}

/// `zramfs rmmod`: the kernel's rmmod.
struct RmmodCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rmmod", abstract: "Remove modules from a mounted kernel, as rmmod(8).",
        discussion: """
            Examples:
              zramfs rmmod zram           # of the only mount
              zramfs rmmod --mount /mnt/z zram
              zramfs rmmod /mnt/z

            Hangs where the kernel's would; Ctrl-C gets out. Exit status 1 with the kernel's errno otherwise.
            """)

    @Argument(help: "The modules; without any, zram.", completion: Completion.modules) var modules: [String] = []
    @Option(
        name: .customLong("mount"), help: "The mount point; not needed if there is only one.",
        completion: Completion.mountPoints)
    var mountPoint: String?
    @Option(help: .hidden) var module = "zram"
    @Flag(name: [.short, .long], help: "In use or not.") var force = false

    func run() throws {
        let words = try ModuleWords(modules, mount: mountPoint)
        for name in words.rest.isEmpty ? [module] : words.rest { try remove(name, from: words.mount) }
    }

    private func remove(_ module: String, from mount: String) throws {
        do {
            try Knob.write(force ? "\(module) force" : module, to: mount + "/debug/delete_module")
        } catch {
            switch error {
            case .wouldBlock: throw Failure("rmmod: module \(module) is in use")
            case .resourceBusy: throw Failure("rmmod: module \(module) is being loaded or removed already")
            case .noSuchFileOrDirectory: throw Failure("rmmod: module \(module) is not currently loaded")
            default: throw Failure("rmmod: could not remove '\(module)': \(error)")
            }
        }
    }
}

/// `zramfs modprobe`: the kernel's modprobe.
struct ModprobeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "modprobe", abstract: "Load a module into a mounted kernel, as modprobe(8).",
        discussion: """
            Examples:
              zramfs modprobe zram
              zramfs modprobe test_firmware
              zramfs modprobe --mount /mnt/z zram num_devices=4

            A module that is loaded already is no error, as with modprobe(8).
            """)

    @Argument(help: "The module, zram without one, and parameters, as num_devices=4.", completion: Completion.modules)
    var words: [String] = []
    @Option(
        name: .customLong("mount"), help: "The mount point; not needed if there is only one.",
        completion: Completion.mountPoints)
    var mountPoint: String?
    @Option(help: .hidden) var module = "zram"
    @Flag(name: .customLong("first-time"), help: "Fail if it is loaded already.") var firstTime = false

    func run() throws {
        let words = try ModuleWords(words, mount: mountPoint)
        var module = module
        var parameters = words.rest
        if let first = parameters.first, !first.contains("=") { module = parameters.removeFirst() }
        do {
            try Knob.write(([module] + parameters).joined(separator: " "), to: words.mount + "/debug/init_module")
        } catch {
            if error == .fileExists, !firstTime { return }
            throw Failure("modprobe: could not insert '\(module)': \(error)")
        }
    }
}

/// `zramfs lsmod`: the kernel's lsmod.
struct LsmodCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lsmod", abstract: "List the modules of a mounted kernel, as lsmod(8).",
        discussion: "Example:\n  zramfs lsmod /mnt/z")

    @Argument(help: "The mount point; not needed if there is only one.", completion: Completion.mountPoints)
    var mountPoint: String?

    func run() throws {
        let path = try MountTable.find(mountPoint) + "/proc/modules"
        guard ModuleList.print(from: path) == 0 else { ExitStatus.failed.leave() }
    }
}

/// A list of modules as lsmod(8) prints it.
enum ModuleList {
    /// Prints what a file such as `/proc/modules` lists; returns the exit status.
    static func print(from path: String) -> Int32 {
        guard let text = try? String(contentsOfFile: path) else {
            Terminal.error("lsmod: \(path): \(String(cString: strerror(errno)))")
            return ExitStatus.failed.rawValue
        }
        Swift.print("Module                  Size  Used by")
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ").map(String.init)
            guard fields.count > 3 else { continue }
            let users = fields[3] == "-" ? "" : " " + fields[3].split(separator: ",").joined(separator: ",")
            let name = fields[0].padding(19)
            let size = String(repeating: " ", count: max(0, 8 - fields[1].count)) + fields[1]
            Swift.print("\(name) \(size)  \(fields[2])\(users)")
        }
        return 0
    }
}

extension String {
    /// Filled with blanks up to a width.
    func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
