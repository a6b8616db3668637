import KernelCore
import Kernfs
import SystemPackage

extension Terminal {
    /// `test` by the number of its words, as POSIX says: 0 true, 1 false, 2 what is no test.
    func test(_ words: [String]) async throws(Exit) -> Int32 {
        switch words.count {
        case 0: return 1
        case 1: return words[0].isEmpty ? 1 : 0
        case 2: return words[0] == "!" ? inverted(words[1].isEmpty ? 1 : 0) : try await one(words[0], words[1])
        case 3:
            if ["-a", "-o"].contains(words[1]) { try misread("'\(words[1])' in a test") }
            if ShellCheck.comparisons.contains(words[1]) { return compare(words[0], words[1], words[2]) }
            if ["<", ">", "==", "-nt", "-ot", "-ef", "=~"].contains(words[1]) {
                try misread("'\(words[1])' in a test")
            }
            if words[0] == "!" { return inverted(try await test(Array(words.dropFirst()))) }
            if words[0] == "(" { try misread("'(' in a test") }
            return 2
        case 4 where words[0] == "!": return inverted(try await test(Array(words.dropFirst())))
        default: try misread("a test of \(words.count) words")
        }
    }

    private func inverted(_ status: Int32) -> Int32 { status == 0 ? 1 : status == 1 ? 0 : status }

    private func one(_ operation: String, _ word: String) async throws(Exit) -> Int32 {
        switch operation {
        case "-n": return word.isEmpty ? 1 : 0
        case "-z": return word.isEmpty ? 0 : 1
        case "-e", "-f", "-d":
            if word.isEmpty { return 1 }
            if word == "/dev/null" { return operation == "-e" ? 0 : 1 }
            guard let node = try await walk(word).node else { return 1 }
            return operation == "-e" || node.isDirectory == (operation == "-d") ? 0 : 1
        default:
            // bash knows more of them, all of one letter.
            if operation.count == 2, operation.hasPrefix("-") { try misread("'\(operation)' in a test") }
            return 2
        }
    }

    private func compare(_ left: String, _ operation: String, _ right: String) -> Int32 {
        if operation == "=" { return left == right ? 0 : 1 }
        if operation == "!=" { return left != right ? 0 : 1 }
        guard let left = number(left), let right = number(right) else { return 2 }
        let holds =
            switch operation {
            case "-eq": left == right
            case "-ne": left != right
            case "-gt": left > right
            case "-ge": left >= right
            case "-lt": left < right
            default: left <= right
            }
        return holds ? 0 : 1
    }

    /// A number with blanks around it.
    private func number(_ text: String) -> Int? { Int(text.drop { $0 == " " || $0 == "\t" }.trimmed) }
}

extension Substring {
    /// Without blanks at the end.
    fileprivate var trimmed: String {
        var text = self
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
