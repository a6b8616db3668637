extension ModuleCall {
    /// Reads a call of rmmod(8): names, or files that are named as modules are.
    public static func rmmod(_ arguments: [String], _ names: ModuleNames) -> ModuleCall {
        let longs: [CommandLineOptions.Long] = [
            .init("force", "f"), .init("syslog", "s"), .init("verbose", "v"), .init("version", "V"), .init("help", "h"),
        ]
        guard let options = CommandLineOptions("rmmod", arguments, shorts: "fsvVwh", longs: longs) else {
            return unreadable
        }
        for code in options.said.map(\.code) where code == "V" || code == "h" {
            return ModuleCall([.host(["-\(code)"])])
        }
        if options.operands.isEmpty { return ModuleCall([.refuse("rmmod: ERROR: missing module name.")]) }
        let repeated = options.words(names: [])
        return ModuleCall(
            options.operands.map { word in
                names.module(word).map { .remove(module: $0, force: options.has("f")) }
                    ?? .host(repeated + ["--", word])
            })
    }

    /// Reads a call of insmod(8): one file, and parameters.
    ///
    /// - Parameter moduleInFile: the module that a file has in it, whatever its name; nil if nobody can tell.
    public static func insmod(
        _ arguments: [String], _ names: ModuleNames, moduleInFile: (String) -> String?
    ) -> ModuleCall {
        let longs: [CommandLineOptions.Long] = [
            .init("force", "f"), .init("syslog", "s"), .init("version", "V"), .init("help", "h"),
        ]
        guard let options = CommandLineOptions("insmod", arguments, shorts: "psfVh", longs: longs) else {
            return unreadable
        }
        for code in options.said.map(\.code) where code == "V" || code == "h" {
            return ModuleCall([.host(["-\(code)"])])
        }
        guard let file = options.operands.first else {
            return ModuleCall([.refuse("insmod: ERROR: missing filename.")])
        }
        let parameters = Array(options.operands.dropFirst())
        if let module = names.module(file) ?? moduleInFile(file).flatMap(names.module) {
            return ModuleCall([.load(module: module, said: file, parameters: parameters)])
        }
        return ModuleCall([host("insmod", options.words(names: []), file, parameters, names)])
    }

    /// Reads a call of modinfo(8), which asks only.
    public static func modinfo(_ arguments: [String], _ names: ModuleNames) -> ModuleCall {
        let fields: [(code: Character, option: String, field: String)] = [
            ("a", "author", "author"), ("d", "description", "description"), ("l", "license", "license"),
            ("p", "parameters", "parm"), ("n", "filename", "filename"),
        ]
        let longs: [CommandLineOptions.Long] =
            fields.map { .init($0.option, $0.code) } + [
                .init("null", "0"), .init("modname", "m"), .init("field", "F", .required),
                .init("set-version", "k", .required), .init("basedir", "b", .required), .init("version", "V"),
                .init("help", "h"),
            ]
        guard let options = CommandLineOptions("modinfo", arguments, shorts: "adlpn0mF:k:b:Vh", longs: longs) else {
            return unreadable
        }
        for code in options.said.map(\.code) where code == "V" || code == "h" {
            return ModuleCall([.host(["-\(code)"])])
        }
        guard !options.operands.isEmpty else {
            return ModuleCall([.refuse("modinfo: ERROR: missing module or filename.")])
        }
        var field: String?
        for (code, value) in options.said {
            if let value, code == "F" { field = value }
            if let known = fields.first(where: { $0.code == code }) { field = known.field }
        }
        let repeated = options.words(names: [])
        return ModuleCall(
            options.operands.map { word in
                names.module(word).map { .showInfo(module: $0, field: field) } ?? .host(repeated + ["--", word])
            })
    }
}
