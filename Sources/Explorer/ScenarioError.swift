/// What is wrong with a scenario, and where.
public struct ScenarioError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The file.
    public let file: String
    /// The line, from 1; 0 for the whole file.
    public let line: Int
    /// What was found.
    public let what: String

    /// Something that cannot be read; with line 0, what is wrong with the file.
    init(file: String, line: Int = 0, _ what: String) {
        self.init(file: file, line: line, says: line > 0 ? "the explorer cannot read \(what)" : what)
    }

    /// Something else that is wrong.
    init(file: String, line: Int, says what: String) {
        self.file = file
        self.line = line
        self.what = what
    }

    /// `FILE:LINE: the explorer cannot read ...`.
    public var description: String { line > 0 ? "\(file):\(line): \(what)" : "\(file): \(what)" }
}
