/// What is wrong with a scenario, and where.
public struct ScenarioError: Error, Equatable, CustomStringConvertible {
    /// The file.
    public let file: String
    /// The line, from 1; 0 for the whole file.
    public let line: Int
    /// What was found that cannot be read.
    public let what: String

    init(file: String, line: Int = 0, _ what: String) {
        self.file = file
        self.line = line
        self.what = what
    }

    /// `FILE:LINE: cannot read ...`.
    public var description: String {
        line > 0 ? "\(file):\(line): the explorer cannot read \(what)" : "\(file): \(what)"
    }
}
