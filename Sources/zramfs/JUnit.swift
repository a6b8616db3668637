import Explorer

/// A report that test runners read: JUnit XML.
enum JUnit {
    /// One test.
    struct Case {
        /// Why it did not pass: what is wrong with what was tested (`failure`), or with the test (`error`).
        struct Problem {
            var element = "failure"
            let type: String
            let message: String
            let text: String
        }

        let name: String
        var seconds = 0.0
        var problem: Problem?
    }

    /// - Returns: the report of a suite.
    static func text(_ suite: String, _ cases: [Case]) -> String {
        let problems = cases.compactMap(\.problem)
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"\(suite)\" tests=\"\(cases.count)\" "
        text += "failures=\"\(problems.count { $0.element == "failure" })\" "
        text += "errors=\"\(problems.count { $0.element == "error" })\" "
        text += "time=\"\(cases.reduce(0) { $0 + $1.seconds })\">\n"
        for test in cases {
            text += "  <testcase classname=\"zramfs\" name=\"\(escape(test.name))\" time=\"\(test.seconds)\""
            guard let problem = test.problem else {
                text += "/>\n"
                continue
            }
            text += ">\n    <\(problem.element) type=\"\(problem.type)\" message=\"\(escape(problem.message))\">"
            text += "\(escape(problem.text))</\(problem.element)>\n  </testcase>\n"
        }
        return text + "</testsuite>\n"
    }

    /// An exploration as a test: it fails if something can go wrong, or if not everything was looked at.
    static func test(_ outcome: Outcome, under policy: String, isExpected: Bool) -> Case {
        var test = Case(name: "\(outcome.scenario) under \(policy)", seconds: outcome.counts.seconds)
        if isExpected { return test }
        let lines = outcome.findings.map {
            "\($0.failure.verdict.rawValue): \($0.failure.what)\nzramfs replay \($0.schedule) --scenario \(outcome.scenario)"
                + " --patches '\(outcome.patches.joined(separator: "+"))'"
        }
        test.problem = Case.Problem(
            type: outcome.findings.first?.failure.verdict.rawValue ?? "unfinished",
            message: outcome.findings.first?.failure.what ?? "not what is expected: "
                + outcome.verdicts.map(\.rawValue).joined(separator: ", "),
            text: lines.joined(separator: "\n"))
        return test
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
}
