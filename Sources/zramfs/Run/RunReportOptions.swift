import ArgumentParser
import KernelCore

/// What a run tells programs.
struct RunReportOptions: ParsableArguments {
    @Option(help: "Write the result as JUnit XML to this file.") var junit: String?
    @Option(help: "Write the result in the Test Anything Protocol to this file; - is standard error.") var tap: String?
    @Option(help: "Write the result as JSON to this file; - is standard error.") var json: String?

    /// Says beforehand what cannot be written.
    /// - Throws: `Failure` with status 125.
    func check() throws {
        do { try Outputs.check(junit, tap == "-" ? nil : tap, json == "-" ? nil : json) } catch {
            throw Failure(ErrorText.of(error), .runFailed)
        }
    }

    /// Writes what is asked for. What cannot be written any more is said, and does not take the place of the verdict.
    func write(_ results: [RunResult]) {
        put(junit) { Self.junit(results) }
        put(tap) { Self.tap(results) }
        put(json) { Self.json(results) }
    }

    /// Writes that there is no verdict, for `run` itself failed.
    func write(_ failure: Failure, of command: [String]) {
        let why = failure.message
        put(junit) {
            let problem = JUnit.Case.Problem(element: "error", type: "run", message: why, text: why)
            return JUnit.text("zramfs run", [JUnit.Case(name: command.joined(separator: " "), problem: problem)])
        }
        put(tap) { "TAP version 13\nBail out! \(ForeignText.shown(why))\n" }
        put(json) {
            let words = command.map(JSONText.quote).joined(separator: ", ")
            return "[\n{\"jsonVersion\": \(JSON.version), \"verdict\": \"error\", "
                + "\"status\": \(ExitStatus.runFailed.rawValue), \"command\": [\(words)], "
                + "\"message\": \(JSONText.quote(why))}\n]\n"
        }
    }

    private func put(_ path: String?, _ text: () -> String) {
        guard let path else { return }
        if path == "-" { return Terminal.progress(text()) }
        do { try Outputs.write(text(), to: path) } catch { Terminal.error("zramfs: \(ErrorText.of(error))") }
    }

    private static func junit(_ results: [RunResult]) -> String {
        let tests = results.map { result in
            var test = JUnit.Case(
                name: "\(result.command.joined(separator: " ")) (\(result.round))", seconds: result.seconds)
            if result.hasFailed {
                test.problem = JUnit.Case.Problem(
                    type: result.verdict.rawValue, message: result.line, text: result.details)
            }
            return test
        }
        return JUnit.text("zramfs run", tests)
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
                "\"jsonVersion\": \(JSON.version)", "\"round\": \(result.round)",
                "\"verdict\": \(JSONText.quote(result.verdict.rawValue))",
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
