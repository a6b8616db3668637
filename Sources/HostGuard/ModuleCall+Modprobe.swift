extension ModuleCall {
    /// Options whose codes are no letters are known by their names alone.
    private static let modprobeNames: [CommandLineOptions.Long] = [
        .init("remove-dependencies", "5"), .init("remove-holders", "5"), .init("first-time", "3"),
        .init("force-modversion", "2"), .init("force-vermagic", "1"), .init("show-modversions", "4"),
        .init("dump-modversions", "4"), .init("show-exports", "6"),
    ]
    private static let modprobeLongs: [CommandLineOptions.Long] =
        modprobeNames + [
            .init("all", "a"), .init("remove", "r"), .init("wait", "w", .required), .init("resolve-alias", "R"),
            .init("ignore-install", "i"), .init("ignore-remove", "i"), .init("use-blacklist", "b"), .init("force", "f"),
            .init("show-depends", "D"), .init("showconfig", "c"), .init("show-config", "c"), .init("dry-run", "n"),
            .init("show", "n"), .init("config", "C", .required), .init("dirname", "d", .required),
            .init("set-version", "S", .required), .init("syslog", "s"), .init("quiet", "q"), .init("verbose", "v"),
            .init("version", "V"), .init("help", "h"),
        ]

    /// Reads a call of modprobe(8).
    ///
    /// - Parameter environment: `MODPROBE_OPTIONS`, which modprobe puts before its arguments.
    public static func modprobe(_ arguments: [String], environment: String = "", _ names: ModuleNames) -> ModuleCall {
        if environment.contains(where: { "\"'\\".contains($0) }) {
            return ModuleCall([.refuse("modprobe: FATAL: MODPROBE_OPTIONS: quotes are not understood here")])
        }
        let words = environment.split(whereSeparator: \.isWhitespace).map(String.init) + arguments
        guard
            let options = CommandLineOptions("modprobe", words, shorts: "arw:RibfDcnC:d:S:sqvVh", longs: modprobeLongs)
        else { return unreadable }
        // These look at nothing else.
        for code in options.said.map(\.code) where code == "V" || code == "h" {
            return ModuleCall([.host(["-\(code)"])])
        }
        let repeated = options.words(names: modprobeNames)
        if options.has("c") { return ModuleCall([.host(repeated)]) }
        guard let first = options.operands.first else {
            return ModuleCall([.refuse("modprobe: ERROR: missing parameters. See -h.")])
        }
        if options.has("4") || options.has("6") {
            if options.operands.contains(where: { names.module($0) != nil }) {
                return ModuleCall([.refuse("modprobe: FATAL: \(first): a simulated module has no file to look into")])
            }
            return ModuleCall([.host(repeated + ["--"] + options.operands)])
        }
        let isList = options.has("a") || options.has("r")
        let parameters = isList ? [] : Array(options.operands.dropFirst())
        var call = ModuleCall(
            (isList ? options.operands : [first]).map { word in
                guard let module = names.module(word) else {
                    return host("modprobe", repeated, word, parameters, names)
                }
                if options.has("R") { return .showName(module: module) }
                if options.has("D") { return .showLoading(module: module, parameters: parameters) }
                if options.has("n") {
                    let isShown = options.has("v") && !options.has("r")
                    return isShown ? .showLoading(module: module, parameters: parameters) : .nothing
                }
                return options.has("r")
                    ? .remove(module: module, force: options.has("f"))
                    : .load(module: module, said: word, parameters: parameters)
            })
        call.isQuiet = options.has("q")
        call.isFirstTime = options.has("3")
        return call
    }
}
