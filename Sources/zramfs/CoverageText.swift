import Explorer

/// What a walk reached and never did, as a person reads it.
enum CoverageText {
    static func print(_ coverage: Coverage, _ gaps: CoverageGaps) {
        Swift.print("\nCOVERAGE: what some schedule reached, of what the scenario's modules have")
        let begun = coverage.attributes.filter { !$0.contains(":") }
        Swift.print("  attributes: \(begun.count) of \(gaps.attributeCount) shows and stores began")
        for name in begun {
            let ends = coverage.attributes.filter { $0.hasPrefix(name + ": ") }.map { $0.dropFirst(name.count + 2) }
            Swift.print("    \(name): \(ends.isEmpty ? "never ended" : ends.joined(separator: ", "))")
        }
        list("    never", gaps.attributes)
        Swift.print("  locks: \(gaps.lockCount - gaps.locks.count) of \(gaps.lockCount) were taken")
        list("    somebody waited for", coverage.waits)
        list("    nobody ever waited for", gaps.uncontended)
        list("    never taken", gaps.locks)
        list("  patches asked for", coverage.patches)
        list("  patches whose places were never reached", gaps.patches)
        guard let lines = gaps.lines else {
            return Swift.print(
                "  lines with a step: \(coverage.lines.count); the sources are not here to say of how many")
        }
        Swift.print("  lines with a step: \(gaps.lineCount - lines.count) of \(gaps.lineCount); never reached")
        var byFile: [String: [Int]] = [:]
        for line in lines {
            let parts = line.split(separator: ":")
            byFile[String(parts[0]), default: []].append(Int(parts[1]) ?? 0)
        }
        for (file, numbers) in byFile.sorted(by: { $0.key < $1.key }) {
            list("    \(file)", numbers.sorted().map(String.init))
        }
    }

    private static func list(_ title: String, _ names: [String]) {
        var line = title + ":"
        for name in names.isEmpty ? ["none"] : names {
            if line.count + name.count > 118 {
                Swift.print(line)
                line = "     "
            }
            line += " " + name
        }
        Swift.print(line)
    }
}
