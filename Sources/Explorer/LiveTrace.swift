import KernelCore

/// Reads `debug/trace` of a mount.
public enum LiveTrace {
    /// The steps of the terminals, and of the tasks that the kernel started for them, in order; waits and gates, and what
    /// others did, are left out.
    /// - Parameters:
    ///   - text: the file's content.
    ///   - groups: the process group of each terminal.
    /// - Returns: nil if that is no such text.
    public static func steps(in text: String, groups: [Int32]) -> [LiveStep]? {
        let lines = text.split(separator: "\n").map { Array($0.utf8) }
        guard let header = lines.first else { return nil }
        let columns = ["TIME", "TASK", "GROUP", "STEP", "OBJECT", "FUNCTION"].map { name in
            header.indices.first { header[$0...].starts(with: name.utf8) }
        }
        guard columns.allSatisfy({ $0 != nil }) else { return nil }
        let starts = columns.map { $0! }
        let operations = Dictionary(Operation.allCases.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        // Tasks of the kernel's have no group, and a name that no other has: `mpic-timer:12`.
        var started: [String: Int] = [:]
        return lines.dropFirst().compactMap { line in
            func cell(_ column: Int) -> String {
                let end = column + 1 < starts.count ? starts[column + 1] : line.count
                let bytes = line[min(starts[column], line.count)..<min(end, line.count)]
                return String(decoding: bytes, as: UTF8.self).trimmingSuffix(" ")
            }
            guard let group = Int32(cell(2)), let task = groups.firstIndex(of: group) ?? started[cell(1)] else {
                return nil
            }
            let object = cell(4)
            if cell(3) == "(starts)" {
                started[object] = groups.count + started.count
                let name = object.lastIndex(of: ":").map { object[..<$0] } ?? object[...]
                return LiveStep(task: task, starting: String(name))
            }
            guard let operation = operations[cell(3)] else { return nil }
            return LiveStep(task: task, operation: operation, object: object)
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self[...]
        while text.last == character { text.removeLast() }
        return String(text)
    }
}
