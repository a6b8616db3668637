/// What a call of swapon or swapoff comes to. The disks are swap space of the simulated kernel alone.
public struct SwapCall: Equatable, Sendable {
    /// One thing to do; the order counts.
    public enum Step: Equatable, Sendable {
        /// Gives one of our disks to the simulated kernel as swap space.
        case on(disk: String, priority: Int?, mayBeMissing: Bool)
        /// Takes it back.
        case off(disk: String)
        /// Prints `/proc/swaps`.
        case list
        /// Runs the host's own program with these arguments.
        case host([String])
        /// Says that the host's own swap space is left as it is.
        case leave
        /// Does nothing; the line says why.
        case refuse(String)
    }

    /// What has to be known of the disks.
    public protocol Disks {
        /// The disk of ours that a path leads to.
        func place(of path: String) -> SwapPlace
        /// The disk of ours that mkswap gave this label, or `UUID`.
        func disk(withTag tag: String, _ value: String) -> String?
        /// The swap space of `/etc/fstab`, as it stands there.
        var listed: [String] { get }
        /// Our disks that are in use as swap space.
        var inUse: [String] { get }
    }

    /// The steps.
    public private(set) var steps: [Step]

    private static let common: [CommandLineOptions.Long] = [
        .init("all", "a"), .init("verbose", "v"), .init("version", "V"), .init("help", "h"),
    ]

    /// Reads a call of swapon(8).
    public static func swapon(_ arguments: [String], _ disks: some Disks) -> SwapCall {
        let longs =
            common + [
                .init("priority", "p", .required), .init("discard", "d", .optional), .init("ifexists", "e"),
                .init("options", "o", .optional), .init("summary", "s"), .init("fixpgsz", "f"),
                .init("show", "1", .optional), .init("output-all", "2"), .init("noheadings", "3"), .init("raw", "4"),
                .init("bytes", "5"),
            ]
        let names = longs.filter { $0.code.isNumber || $0.argument == .optional }
        guard let options = CommandLineOptions("swapon", arguments, shorts: "ahd::efo:p:svVL:U:", longs: longs) else {
            return SwapCall(steps: [.refuse("")])
        }
        for code in options.said.map(\.code) where code == "V" || code == "h" {
            return SwapCall(steps: [.host(["-\(code)"])])
        }
        if options.has("1") || options.has("2") { return SwapCall(steps: [.host(options.words(names: names))]) }
        let specs = specs(options)
        if options.has("s") || specs.isEmpty && !options.has("a") { return SwapCall(steps: [.list]) }
        let fromList = options.value("o")?.split(separator: ",").last { $0.hasPrefix("pri=") }?.dropFirst(4)
        let said = options.value("p") ?? fromList.map(String.init)
        let priority = said.flatMap { Int($0) }
        if let said, priority == nil {
            return SwapCall(steps: [.refuse("swapon: failed to parse priority: '\(said)'")])
        }
        let repeated = options.words(without: ["a", "L", "U"], names: names)
        var steps: [Step] = []
        if options.has("a") {
            let ours = disks.listed.compactMap { disk(spec: $0, disks) }
            steps += ours.map { .on(disk: $0, priority: priority, mayBeMissing: options.has("e")) }
            if ours.count < disks.listed.count { steps.append(.leave) }
        }
        for spec in specs {
            steps.append(
                step(spec, disks, "swapon") { .on(disk: $0, priority: priority, mayBeMissing: options.has("e")) }
                    ?? .host(repeated + ["--", spec]))
        }
        return SwapCall(steps: steps)
    }

    /// Reads a call of swapoff(8).
    public static func swapoff(_ arguments: [String], _ disks: some Disks) -> SwapCall {
        guard let options = CommandLineOptions("swapoff", arguments, shorts: "ahvVL:U:", longs: common) else {
            return SwapCall(steps: [.refuse("")])
        }
        for code in options.said.map(\.code) where code == "V" || code == "h" {
            return SwapCall(steps: [.host(["-\(code)"])])
        }
        let specs = specs(options)
        if specs.isEmpty, !options.has("a") { return SwapCall(steps: [.refuse("swapoff: bad usage")]) }
        let repeated = options.words(without: ["a", "L", "U"], names: [])
        var steps: [Step] = specs.map { spec in
            step(spec, disks, "swapoff") { .off(disk: $0) } ?? .host(repeated + ["--", spec])
        }
        if options.has("a") { steps += disks.inUse.map { .off(disk: $0) } + [.leave] }
        return SwapCall(steps: steps)
    }

    /// What is to be taken, `-L x` as `LABEL=x`.
    private static func specs(_ options: CommandLineOptions) -> [String] {
        options.said.compactMap { code, value in
            code == "L" ? "LABEL=\(value ?? "")" : code == "U" ? "UUID=\(value ?? "")" : nil
        } + options.operands
    }

    /// What is to be done for something of ours; nil if it is not.
    private static func step(
        _ spec: String, _ disks: some Disks, _ tool: String, _ body: (String) -> Step
    ) -> Step? {
        if let disk = disk(spec: spec, disks) { return body(disk) }
        guard tag(of: spec) == nil, disks.place(of: spec) == .upon else { return nil }
        return .refuse("\(tool): \(spec): lies on a simulated disk, which the host must not swap to")
    }

    private static func disk(spec: String, _ disks: some Disks) -> String? {
        if let (name, value) = tag(of: spec) { return disks.disk(withTag: name, value) }
        if case .disk(let disk) = disks.place(of: spec) { return disk }
        return nil
    }

    /// `LABEL=x`, its value in quotes or not, as libblkid reads it.
    private static func tag(of spec: String) -> (name: String, value: String)? {
        guard let sign = spec.firstIndex(of: "="), !spec[..<sign].contains("/") else { return nil }
        let name = String(spec[..<sign])
        guard ["LABEL", "UUID", "PARTLABEL", "PARTUUID", "ID"].contains(name) else { return nil }
        var value = spec[spec.index(after: sign)...]
        if let quote = value.first, "\"'".contains(quote), value.count > 1, value.last == quote {
            value = value.dropFirst().dropLast()
        }
        return (name, String(value))
    }
}

/// How a path is related to our disks.
public enum SwapPlace: Equatable, Sendable {
    /// It is one of ours, there or not.
    case disk(String)
    /// It lies upon one of ours: a file in a file system on it, a loop device.
    case upon
    /// It is the host's.
    case host
}
