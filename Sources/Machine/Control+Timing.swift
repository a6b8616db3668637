import KernelCore
import Reports
import SystemPackage

extension Control {
    /// What slow functions of the kernel take. `off`, `smp` and a factor above 0 say how much of it;
    /// `FUNCTION MICROSECONDS [MEDIAN]` changes a row.
    static let timing = Control(
        "debug/timing",
        show: { machine in
            guard let timing = machine.kernel.timing else { return "off\n" }
            var table = Table("FUNCTION", "LEAST", "MEDIAN", "US PER", "MEASURED")
            for row in timing.durations {
                table.add(row.function, number(row.least), number(row.median), row.unit, row.source)
            }
            return "factor \(number(timing.factor))\n" + table.text
        },
        store: { machine, text throws(Errno) in
            let words = text.split(separator: " ").map(String.init)
            if let factor = words.count == 1 ? TimingFactor(words[0]) : nil {
                machine.setTiming(factor.value)
            } else {
                try change(machine.kernel.timing, words)
            }
        })

    private static func change(_ timing: Timing?, _ words: [String]) throws(Errno) {
        let times = words.dropFirst().compactMap { Double($0) }.filter { (0...60e6).contains($0) }
        guard let timing, (2...3).contains(words.count), times.count == words.count - 1, times[0] <= times.last!,
            timing.set(words[0], least: times[0], median: times.last!)
        else { throw .invalidArgument }
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}

/// How much of their time slow functions take: `off`, `smp` (the table as it is), or a factor.
public struct TimingFactor {
    /// Above 0; nil: off.
    public let value: Double?

    /// - Returns: nil if the word is none of these, or the factor is not from 0.001 to 1000.
    public init?(_ word: String) {
        switch word {
        case "off": value = nil
        case "smp": value = 1
        default:
            guard let factor = Double(word), (0.001...1000).contains(factor) else { return nil }
            value = factor
        }
    }
}
