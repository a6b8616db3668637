import Testing

@testable import Explorer

@Suite("Shards")
struct ShardTests {
    @Test("schedulers' environments say which part; parts are all")
    func parts() {
        #expect(Shard("1/3") == Shard(environment: ["TEST_SHARD_INDEX": "1", "TEST_TOTAL_SHARDS": "3"]))
        #expect(
            Shard("0/2")
                == Shard(
                    environment: [
                        "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "5", "SLURM_ARRAY_TASK_COUNT": "2",
                    ]))
        #expect(Shard("3/3") == nil && Shard("x") == nil && Shard(environment: [:]) == nil)
        #expect((0..<10).map { job in (0..<3).count { Shard("\($0)/3")!.has(job) } } == Array(repeating: 1, count: 10))
    }
}
