import KernelCore

/// Small pieces of text that several reports share.
public enum Text {
    /// Padded with blanks on the right.
    public static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Padded with blanks on the left.
    public static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// Nanoseconds as seconds with so many decimals, cut, not rounded.
    public static func seconds(_ nanoseconds: UInt64, decimals: Int = 6) -> String {
        let digits = String(nanoseconds % 1_000_000_000)
        let fraction = String(repeating: "0", count: 9 - digits.count) + digits
        return "\(nanoseconds / 1_000_000_000).\(fraction.prefix(decimals))"
    }

    /// A number in lower-case hexadecimal, at least so wide.
    public static func hex(_ value: UInt64, width: Int = 1) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// A task as reports name it: `echo:13`.
    public static func task(_ task: KernelTask) -> String { "\(task.name):\(task.pid)" }

    /// The innermost function, and the driver's that it was called from: `kernfs_drain under zram_remove`.
    public static func function(_ frames: [Frame]) -> String {
        guard let last = frames.last else { return "?" }
        let name = KernelName.snake(last.function)
        let own = frames.last { Symbol($0).module != nil }.map { KernelName.snake($0.function) }
        return own == nil || own == name ? name : "\(name) under \(own!)"
    }

    /// A line of driver code: `Zram/Zram+Reset.swift:21`.
    public static func place(_ file: StaticString, _ line: UInt32) -> String { "\(file):\(line)" }
}
