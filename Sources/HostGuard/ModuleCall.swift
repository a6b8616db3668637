/// What a call of modprobe, rmmod, insmod or modinfo comes to: what the simulated kernel does, and what is left to the
/// host's own program because it names nothing of ours.
public struct ModuleCall: Equatable, Sendable {
    /// One thing to do; the order counts.
    public enum Step: Equatable, Sendable {
        /// Loads one of our modules; `said` is the word it was named by.
        case load(module: String, said: String, parameters: [String])
        /// Removes one of our modules.
        case remove(module: String, force: Bool)
        /// Prints what modprobe would do for one of our modules: with `--show-depends`, `--dry-run`.
        case showLoading(module: String, parameters: [String])
        /// Prints the name of one of our modules, as `--resolve-alias`.
        case showName(module: String)
        /// Prints what is known of one of our modules: all, or one field.
        case showInfo(module: String, field: String?)
        /// One of our modules, of which nothing is asked: with `--dry-run`.
        case nothing
        /// Runs the host's own program with these arguments.
        case host([String])
        /// Does none of it; the line says why.
        case refuse(String)
    }

    /// The steps.
    public var steps: [Step] = []
    /// Says nothing of failures.
    public var isQuiet = false
    /// What is there already, or gone already, is a failure.
    public var isFirstTime = false

    init(_ steps: [Step]) { self.steps = steps }

    /// A call that has been refused in words already.
    static let unreadable = ModuleCall([.refuse("")])

    /// Leaves one module of the host's to its own program, unless a parameter looks like a module of ours: the caller
    /// may have meant a list.
    static func host(
        _ tool: String, _ options: [String], _ word: String, _ parameters: [String], _ names: ModuleNames
    ) -> Step {
        if let ours = parameters.first(where: { names.module($0) != nil }) {
            return .refuse("\(tool): FATAL: \(word) \(ours): '\(ours)' as a parameter; modprobe takes a list with -a")
        }
        return .host(options + ["--", word] + parameters)
    }
}
