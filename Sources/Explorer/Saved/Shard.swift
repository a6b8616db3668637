/// Which part of a list of jobs this process does, so that a cluster's own scheduler spreads it.
public struct Shard: Codable, Sendable, Equatable {
    /// From 0.
    public let index: Int
    /// How many there are.
    public let count: Int

    /// The whole.
    public static let whole = Shard(index: 0, count: 1)

    private init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    /// `i/n`, from `0/n` to `n-1/n`; nil if it is none.
    public init?(_ text: String) {
        let parts = text.split(separator: "/").map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1], (0..<max(0, count)).contains(index) else {
            return nil
        }
        self.init(index: index, count: count)
    }

    /// As a scheduler's environment says: Slurm's arrays, Kubernetes' indexed jobs (with `JOB_COMPLETIONS` beside the
    /// index), Bazel's shards; nil if it says nothing.
    public init?(environment: [String: String]) {
        func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
        let first = number("SLURM_ARRAY_TASK_MIN") ?? 0
        let pairs = [
            (number("SLURM_ARRAY_TASK_ID").map { $0 - first }, number("SLURM_ARRAY_TASK_COUNT")),
            (number("JOB_COMPLETION_INDEX"), number("JOB_COMPLETIONS")),
            (number("TEST_SHARD_INDEX"), number("TEST_TOTAL_SHARDS")),
        ]
        for case (let index?, let count?) in pairs where (0..<max(0, count)).contains(index) {
            self.init(index: index, count: count)
            return
        }
        return nil
    }

    /// True if the job of that number is this process's.
    public func has(_ job: Int) -> Bool { job % count == index }
}
