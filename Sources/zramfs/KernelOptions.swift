import ArgumentParser

/// What a mount's kernel is, as options of their own: what `-o policy=` and its like say.
struct KernelOptions: ParsableArguments {
    @Option(help: "As -o policy=.", completion: Completion.policies) var policy: String?
    @Option(help: "As -o patches=; joined by + or commas.", completion: Completion.patches) var patches: String?
    @Option(help: "As -o abi=.", completion: Completion.abis) var abi: String?
    @Option(help: "As -o timing=.", completion: Completion.timings) var timing: String?

    /// The same for `-o`.
    var words: [String] {
        [
            policy.map { "policy=\($0)" }, patches.map { "patches=\($0.replacing(",", with: "+"))" },
            abi.map { "abi=\($0)" }, timing.map { "timing=\($0)" },
        ].compactMap(\.self)
    }
}
