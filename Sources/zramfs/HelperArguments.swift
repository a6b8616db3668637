/// The arguments that mount(8) and umount(8) pass to their helpers, as ours.
enum HelperArguments {
    /// `SOURCE DIRECTORY [-sfnv] [-o OPTIONS] [-t TYPE]`.
    static func forMount(_ arguments: [String]) -> [String] {
        var result: [String] = []
        var rest = arguments[...]
        while let word = rest.popFirst() {
            switch word {
            case "-o": result += ["-o", rest.popFirst() ?? ""]
            case "-t", "-N": _ = rest.popFirst()
            case let flags where flags.hasPrefix("-"): break
            case "none", "zramfs", "": break  // No image: a temporary one.
            default: result.append(word)
            }
        }
        return result
    }

    /// `DIRECTORY [-flnrv] [-N NAMESPACE] [-t TYPE]`.
    static func forUmount(_ arguments: [String]) -> [String] {
        var result: [String] = []
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "-t" || word == "-N" {
                _ = rest.popFirst()
            } else if word.hasPrefix("-"), !word.hasPrefix("--") {
                if word.contains("l") { result.append("--lazy") }
                if word.contains("f") { result.append("--force") }
            } else {
                result.append(word)
            }
        }
        return result
    }
}
