import ArgumentParser
import KernelCore

/// What a run tells programs.
struct RunReportOptions: ParsableArguments {
    @Option(help: "Write the result as JUnit XML to this file.") var junit: String?
    @Option(help: "Write the result in the Test Anything Protocol to this file; - is standard error.") var tap: String?
    @Option(help: "Write the result as JSON to this file; - is standard error.") var json: String?

    /// Says beforehand what cannot be written.
    func check() throws { try Outputs.check(junit, tap == "-" ? nil : tap, json == "-" ? nil : json) }

    /// Writes what is asked for.
    func write(_ results: [RunResult]) throws {
        if let junit { try Self.put(Self.junit(results), to: junit) }
        if let tap { try Self.put(Self.tap(results), to: tap) }
        if let json { try Self.put(Self.json(results), to: json) }
    }

    private static func put(_ text: String, to path: String) throws {
        if path == "-" { return Terminal.progress(text) }
        try Outputs.write(text, to: path, .failed)
    }

    private static func name(_ result: RunResult) -> String {
        "\(result.command.joined(separator: " ")) (\(result.round))"
    }

    private static func junit(_ results: [RunResult]) -> String {
        var text =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"zramfs run\" tests=\"\(results.count)\" "
        text += "failures=\"\(results.count(where: \.hasFailed))\">\n"
        for result in results {
            text += "  <testcase classname=\"zramfs\" name=\"\(escape(name(result)))\" time=\"\(result.seconds)\""
            if result.hasFailed {
                text += ">\n    <failure type=\"\(result.verdict.rawValue)\" message=\"\(escape(result.line))\">"
                text += "\(escape(result.details))</failure>\n  </testcase>\n"
            } else {
                text += "/>\n"
            }
        }
        return text + "</testsuite>\n"
    }

    private static func escape(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            // XML 1.0 has no way to say control characters.
            case let scalar where scalar.value < 0x20: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    private static func tap(_ results: [RunResult]) -> String {
        var text = "TAP version 13\n1..\(results.count)\n"
        for result in results {
            text += "\(result.hasFailed ? "not ok" : "ok") \(result.round) - "
            text += ForeignText.shown(result.command.joined(separator: " ")).replacing("#", with: "\\#") + "\n"
            if result.hasFailed {
                text += "  ---\n  verdict: \(result.verdict.rawValue)\n  status: \(result.status)\n  ...\n"
            }
        }
        return text
    }

    private static func json(_ results: [RunResult]) -> String {
        let rounds = results.map { result in
            var fields = [
                "\"round\": \(result.round)", "\"verdict\": \(JSONText.quote(result.verdict.rawValue))",
                "\"status\": \(result.status)", "\"seconds\": \(result.seconds)",
                "\"command\": [\(result.command.map(JSONText.quote).joined(separator: ", "))]",
            ]
            if let signal = result.signal { fields.append("\"signal\": \(signal)") }
            if let seed = result.seed { fields.append("\"seed\": \(seed)") }
            if !result.details.isEmpty { fields.append("\"details\": \(JSONText.quote(result.details))") }
            return "{\(fields.joined(separator: ", "))}"
        }
        return "[\n" + rounds.joined(separator: ",\n") + "\n]\n"
    }
}

/// Strings as JSON spells them.
enum JSONText {
    static func quote(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "\"") { result, scalar in
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case let scalar where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        } + "\""
    }
}
