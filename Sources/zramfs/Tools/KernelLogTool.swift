import Glibc
import Machine

/// dmesg: the log of the simulated kernel; never the host's.
enum KernelLogTool {
    /// - Returns: the exit status.
    static func run(_ arguments: [String]) -> Int32 {
        let options = arguments.filter { $0.hasPrefix("-") }
        let short = options.filter { !$0.hasPrefix("--") }.joined()
        let clears =
            options.contains { ["--clear", "--read-clear"].contains($0) } || short.contains { "cC".contains($0) }
        let isSilent = options.contains("--clear") || short.contains("C")
        if !isSilent {
            guard let text = try? String(contentsOfFile: ViewPlace.mount + "/debug/kmsg") else {
                Terminal.error("dmesg: read kernel buffer failed: Operation not permitted")
                return 1
            }
            let bare = short.contains("t") || options.contains("--notime")
            for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                print(bare ? String(line.firstRange(of: "] ").map { line[$0.upperBound...] } ?? line) : String(line))
            }
        }
        if clears { _ = try? Knob.write("1", to: ViewPlace.mount + "/debug/kmsg_clear") }
        return 0
    }
}
