/// Swift names of simulated functions as the kernel's: `zramResetDevice(_:)` is `zram_reset_device`.
public enum KernelName {
    /// The kernel's spelling of a Swift `#function`.
    public static func snake(_ function: StaticString) -> String {
        snake(function.withUTF8Buffer { String(decoding: $0, as: UTF8.self) })
    }

    /// The kernel's spelling of a Swift name; what is in snake case already stays.
    public static func snake(_ function: String) -> String {
        var result = ""
        for character in function {
            if character == "(" { break }
            if character.isUppercase {
                if let last = result.last, last != "_" { result.append("_") }
                result.append(character.lowercased())
            } else {
                result.append(character)
            }
        }
        return result
    }
}
