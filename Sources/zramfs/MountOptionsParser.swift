import DriverModel
import Machine
import Zram

/// What `-o` says: the options of the laboratory, and the rest for FUSE.
struct ParsedMountOptions {
    var machine = MachineConfiguration()
    var logFile: String?
    var allowOther: Bool?
    var isReadOnly = false
    /// The image outlives the mount.
    var keeps = false
    /// For `zramfs run`: nobody else is to know of the mount.
    var isPrivate = false
    /// Loop devices stand for the disks.
    var usesLoops = false
    /// Options that are passed on to FUSE.
    var fuse: [String] = []

    /// Parses `policy=v8-11,allow_other,...`.
    ///
    /// - Throws: `Failure` that names the option and what it takes.
    init(_ lists: [String]) throws {
        machine.timing = 1
        for option in lists.flatMap({ $0.split(separator: ",") }) {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            try parse(parts[0], parts.count > 1 ? parts[1] : nil, whole: String(option))
        }
    }

    private mutating func parse(_ name: String, _ value: String?, whole: String) throws {
        switch name {
        case "policy":
            guard let policy = value.flatMap(Policy.named) else {
                throw Self.wrong(whole, Policy.all.map(\.name), "zramfs policies")
            }
            machine.patches.formUnion(policy.patches)
        case "patches":
            // Commas part options, so that patches are joined by "+"; a patch alone may follow as an option too.
            for word in (value ?? "").split(separator: "+") { machine.patches.insert(try patch(String(word), whole)) }
        case "abi":
            guard let abi = value.flatMap(ABI.init(rawValue:)) else {
                throw Self.wrong(whole, ABI.allCases.map(\.rawValue), nil)
            }
            machine.abi = abi
        case "cpus": machine.cpus = try number(value, 1...64, whole)
        case "num_devices": machine.devices = try number(value, 0...1024, whole)
        case "timing":
            guard let factor = value.flatMap(TimingFactor.init) else {
                throw Self.wrong(whole, ["smp", "off", "a factor, e.g. 0.5"], nil)
            }
            machine.timing = factor.value
        case "lockdep":
            guard let value, ["on", "off"].contains(value) else { throw Self.wrong(whole, ["on", "off"], nil) }
            machine.lockdep = value == "on"
        case "log":
            guard let value, !value.isEmpty else { throw Failure("-o log= wants a file name", .usage) }
            logFile = try MountTable.absolute(value)
        case "private": isPrivate = true
        case "blockdev":
            guard let value, ["loop", "file"].contains(value) else { throw Self.wrong(whole, ["loop", "file"], nil) }
            usesLoops = value == "loop"
        case "allow_other": allowOther = true
        case "noallow_other": allowOther = false
        case "ro": fuse.append("ro")
        case "rw", "defaults", "auto", "noauto", "user", "users", "nofail", "_netdev", "relatime", "norelatime",
            "strictatime", "diratime",
            "nodiratime", "lazytime", "nolazytime":
            break
        case "keep": keeps = true
        case let name where Patch(rawValue: name) != nil: machine.patches.insert(Patch(rawValue: name)!)
        case let name where name.hasPrefix("x-") || name.hasPrefix("comment"): break
        case "nosuid", "nodev", "noexec", "suid", "dev", "exec", "noatime", "atime", "sync", "async", "dirsync",
            "debug", "nosymfollow":
            fuse.append(whole)
        default:
            throw Failure(
                "unknown option '\(whole)'; known: policy= patches= abi= cpus= num_devices= keep lockdep= timing= log= allow_other ro",
                .usage
            )
        }
    }

    private func patch(_ name: String, _ whole: String) throws -> Patch {
        guard let patch = Patch(rawValue: name) else {
            throw Self.wrong("patches=\(name)", Patch.allCases.map(\.rawValue), "zramfs policies")
        }
        return patch
    }

    private func number(_ value: String?, _ range: ClosedRange<Int>, _ whole: String) throws -> Int {
        guard let number = value.flatMap({ Int($0) }), range.contains(number) else {
            throw Failure("-o \(whole): wants a number from \(range.lowerBound) to \(range.upperBound)", .usage)
        }
        return number
    }

    private static func wrong(_ option: String, _ known: [String], _ see: String?) -> Failure {
        Failure("-o \(option): known are \(known.joined(separator: " "))" + (see.map { "; see: \($0)" } ?? ""), .usage)
    }
}
