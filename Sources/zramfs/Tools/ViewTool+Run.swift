import CRunShims
import Glibc
import KernelModule
import Machine
import SystemPackage

/// The stand-ins for modprobe and the like: what is simulated they do, all else the host's own program does.
extension ViewTool {
    private static let mount = ViewPlace.mount

    /// Does it, and ends the process.
    func run(_ arguments: [String]) -> Never {
        let options = arguments.filter { $0.hasPrefix("-") }
        let words = arguments.filter { !$0.hasPrefix("-") }
        let status: Int32
        switch self {
        case .modprobe: status = modprobe(options, words, arguments)
        case .insmod: status = insmod(words, arguments)
        case .rmmod: status = rmmod(options, words, arguments)
        case .lsmod: status = ModuleList.print(from: Self.mount + "/view/proc-modules")
        case .modinfo: status = modinfo(words, arguments)
        case .swapon, .swapoff: status = SwapTool(self, arguments).run()
        case .dmesg: status = dmesg(options, arguments)
        }
        exit(status)
    }

    /// The file that a name stands for: `zram`, `zram.ko`, `/lib/modules/.../zram.ko`.
    static func isOurs(_ name: String) -> Bool { info(name) != nil }

    /// What is known of the module that a name stands for; nil if the simulated kernel has no such module.
    private static func info(_ name: String) -> ModuleInfo? {
        let base = module(name)
        return Machine.modules.first { $0.name == base }
    }

    /// The module's name; modprobe takes `-` for `_`.
    private static func module(_ name: String) -> String {
        let last = name.split(separator: "/").last.map(String.init) ?? name
        return (last.split(separator: ".").first.map(String.init) ?? last).replacing("-", with: "_")
    }

    private func modprobe(_ options: [String], _ words: [String], _ arguments: [String]) -> Int32 {
        guard let name = words.first, Self.isOurs(name) else { return pass(arguments) }
        let isQuiet = options.contains { $0 == "-q" || $0 == "--quiet" }
        if options.contains(where: { ["-n", "--dry-run", "-D", "--show-depends"].contains($0) }) { return 0 }
        if options.contains(where: {
            $0 == "-r" || $0 == "--remove" || ($0.hasPrefix("-") && !$0.hasPrefix("--") && $0.contains("r"))
        }) {
            return remove(words, isQuiet: isQuiet, force: false) { error, name in
                error == .noSuchFileOrDirectory && !options.contains("--first-time")
                    ? nil
                    : error == .noSuchFileOrDirectory
                        ? "modprobe: FATAL: Module \(name) is not in kernel."
                        : "modprobe: FATAL: Module \(name) is in use."
            }
        }
        let names = options.contains { $0 == "-a" || $0 == "--all" } ? words : [name]
        for one in names {
            let parameters = names.count == 1 ? Array(words.dropFirst()) : []
            guard let error = load(one, parameters) else { continue }
            if error == .fileExists, !options.contains("--first-time") { continue }
            if !isQuiet { Terminal.error("modprobe: ERROR: could not insert '\(one)': \(error)") }
            return 1
        }
        return 0
    }

    private func insmod(_ words: [String], _ arguments: [String]) -> Int32 {
        guard let name = words.first, Self.isOurs(name) else { return pass(arguments) }
        guard let error = load(name, Array(words.dropFirst())) else { return 0 }
        Terminal.error("insmod: ERROR: could not insert module \(name): \(error)")
        return 1
    }

    private func load(_ name: String, _ parameters: [String]) -> Errno? {
        do throws(Errno) {
            try Knob.write(
                ([Self.module(name)] + parameters).joined(separator: " "), to: Self.mount + "/debug/init_module")
            return nil
        } catch { return error }
    }

    private func rmmod(_ options: [String], _ words: [String], _ arguments: [String]) -> Int32 {
        guard !words.isEmpty, words.allSatisfy(Self.isOurs) else { return pass(arguments) }
        return remove(words, isQuiet: false, force: options.contains { $0 == "-f" || $0 == "--force" }) { error, name in
            switch error {
            case .noSuchFileOrDirectory: "rmmod: ERROR: Module \(name) is not currently loaded"
            case .wouldBlock: "rmmod: ERROR: Module \(name) is in use"
            default: "rmmod: ERROR: could not remove module \(name): \(error)"
            }
        }
    }

    private func remove(
        _ words: [String], isQuiet: Bool, force: Bool, _ message: (Errno, String) -> String?
    ) -> Int32 {
        var status: Int32 = 0
        for word in words {
            let name = Self.module(word)
            do throws(Errno) {
                try Knob.write(force ? "\(name) force" : name, to: Self.mount + "/debug/delete_module")
            } catch {
                guard let text = message(error, name) else { continue }
                if !isQuiet { Terminal.error(text) }
                status = 1
            }
        }
        return status
    }

    private func modinfo(_ words: [String], _ arguments: [String]) -> Int32 {
        guard let info = words.lazy.compactMap(Self.info).first else { return pass(arguments) }
        var names = utsname()
        uname(&names)
        let release = withUnsafePointer(to: &names.release) {
            $0.withMemoryRebound(to: CChar.self, capacity: 65) { String(cString: $0) }
        }
        let fields =
            [
                ("filename", "/lib/modules/\(release)/kernel/\(info.file)"),
                ("description", info.description), ("license", info.license), ("depends", ""), ("name", info.name),
            ] + info.parameters.map { ("parm", "\($0.name):\($0.summary) (\($0.type))") }
        var wanted: String?
        for (place, option) in arguments.enumerated() where option == "-F" || option == "--field" {
            wanted = arguments.indices.contains(place + 1) ? arguments[place + 1] : nil
        }
        if arguments.contains("-n") || arguments.contains("--filename") { wanted = "filename" }
        if arguments.contains("-p") || arguments.contains("--parameters") { wanted = "parm" }
        for (field, text) in fields {
            if let wanted {
                if field == wanted { print(text) }
            } else {
                print((field + ":").padding(16) + text)
            }
        }
        return 0
    }

    private func dmesg(_ options: [String], _ arguments: [String]) -> Int32 {
        let short = options.filter { !$0.hasPrefix("--") }.joined()
        let clears =
            options.contains { ["--clear", "--read-clear"].contains($0) } || short.contains { "cC".contains($0) }
        let isSilent = options.contains("--clear") || short.contains("C")
        if !isSilent {
            guard let text = try? String(contentsOfFile: Self.mount + "/debug/kmsg") else {
                Terminal.error("dmesg: read kernel buffer failed: Operation not permitted")
                return 1
            }
            let bare = short.contains("t") || options.contains("--notime")
            for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                print(bare ? String(line.firstRange(of: "] ").map { line[$0.upperBound...] } ?? line) : String(line))
            }
        }
        if clears { _ = try? Knob.write("1", to: Self.mount + "/debug/kmsg_clear") }
        return 0
    }

    /// Has the host's own program do it.
    func pass(_ arguments: [String]) -> Int32 {
        let own = ViewPlace.home + "/bin"
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
        var words: [UnsafeMutablePointer<CChar>?] = ([rawValue] + arguments).map { strdup($0) } + [nil]
        for folder in folders where folder != own { execv("\(folder)/\(rawValue)", &words) }
        Terminal.error("\(rawValue): the host has no \(rawValue), and the simulated kernel nothing of that name")
        return 1
    }
}
