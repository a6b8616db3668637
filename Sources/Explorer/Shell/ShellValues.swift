/// What the words of a script can become, whichever way it goes: every value that a variable is ever given.
struct ShellValues {
    private var values: [String: Set<String>?] = [:]
    private var words: [String: [(word: ShellWord, isSplit: Bool)]] = [:]
    /// Variables whose values are those of lists alone.
    private(set) var listed: Set<String> = []
    /// More than so many are not told apart.
    private static let limit = 256

    init(_ node: ShellNode) {
        var words: [String: [(word: ShellWord, isSplit: Bool)]] = [:]
        node.visit { part in
            switch part {
            case .command(let command):
                for assignment in command.assignments {
                    words[assignment.name, default: []].append((assignment.value, false))
                }
            case .forLoop(let name, let list, _, _): words[name, default: []] += list.map { ($0, true) }
            default: break
            }
        }
        self.words = words
        listed = Set(words.keys.filter { words[$0]?.allSatisfy(\.isSplit) == true })
        for name in words.keys { _ = value(of: name, []) }
    }

    /// All that a word can become; nil if that is more than can be told.
    func texts(of word: ShellWord) -> Set<String>? {
        Self.join(word) { name in values[name] ?? [""] }
    }

    private mutating func value(of name: String, _ within: Set<String>) -> Set<String>? {
        if let known = values[name] { return known }
        guard !within.contains(name) else { return nil }
        // Before its first value it is empty.
        var all: Set<String>? = [""]
        for (word, isSplit) in words[name] ?? [] {
            for other in word.parameters where words[other] != nil {
                if value(of: other, within.union([name])) == nil { all = nil }
            }
            let texts = texts(of: word)
            all = texts.flatMap { texts in all?.union(texts) }
            if isSplit, let whole = texts {
                all?.formUnion(whole.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) })
            }
        }
        if let set = all, set.count > Self.limit { all = nil }
        values[name] = .some(all)
        return all
    }

    private static func join(_ word: ShellWord, _ value: (String) -> Set<String>?) -> Set<String>? {
        var all: Set<String> = [""]
        for piece in word.pieces {
            var parts: Set<String> = []
            switch piece {
            case .text(let text): parts = [text]
            case .parameter("1", _): parts = [Terminal.mount]
            case .parameter("?", _): return nil
            case .parameter(let name, _):
                guard let known = value(name) else { return nil }
                parts = known
            }
            guard all.count * parts.count <= limit else { return nil }
            all = Set(all.flatMap { begin in parts.map { begin + $0 } })
        }
        return all
    }
}
