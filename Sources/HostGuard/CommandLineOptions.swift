import CHostGuardShims
import Glibc
import Synchronization

/// The options and operands of a command line, read by getopt_long(3) itself: combined and abbreviated options, values
/// behind a blank or an equals sign, options behind operands, and `--`.
struct CommandLineOptions {
    /// An option that may be said.
    struct Long {
        let name: String
        let code: Character
        let argument: Argument

        enum Argument: Int32 { case none, required, optional }

        init(_ name: String, _ code: Character, _ argument: Argument = .none) {
            (self.name, self.code, self.argument) = (name, code, argument)
        }
    }

    /// The options that were said, in their order.
    private(set) var said: [(code: Character, value: String?)] = []
    /// What is no option.
    private(set) var operands: [String] = []

    private static let oneAtATime = Mutex(())

    /// Reads a command line.
    ///
    /// - Parameters:
    ///   - shorts: as getopt(3) takes them: `arC:d::`.
    ///   - longs: the long options, by the code of the short one.
    /// - Returns: nil if it cannot be read; why has been said on standard error, in the tool's name.
    init?(_ tool: String, _ arguments: [String], shorts: String, longs: [Long]) {
        let words = ([tool] + arguments).map { strdup($0)! }
        let names = longs.map { strdup($0.name)! }
        defer { (words + names).forEach { free($0) } }
        var table = zip(longs, names).map { long, name in
            option(
                name: name, has_arg: long.argument.rawValue, flag: nil,
                val: Int32(long.code.unicodeScalars.first!.value))
        }
        table.append(option(name: nil, has_arg: 0, flag: nil, val: 0))
        // It sorts the operands to the end.
        var sorted: [UnsafeMutablePointer<CChar>?] = words + [nil]
        let isRead = Self.oneAtATime.withLock { _ in
            var isFirst: Int32 = 1
            var next: Int32 = 0
            while true {
                var value: UnsafePointer<CChar>?
                let code = hg_getopt(Int32(words.count), &sorted, shorts, table, isFirst, &value, &next)
                isFirst = 0
                if code == -1 { break }
                guard let scalar = Unicode.Scalar(UInt32(code)), scalar != "?", scalar != ":" else { return false }
                said.append((Character(scalar), value.map { String(cString: $0) }))
            }
            operands = sorted[Int(next)..<words.count].map { String(cString: $0!) }
            return true
        }
        if !isRead { return nil }
    }

    func has(_ code: Character) -> Bool { said.contains { $0.code == code } }

    /// The value that was said last.
    func value(_ code: Character) -> String? { said.last { $0.code == code }?.value }

    /// The options as short ones, to say them again; but for some. Those whose code is no letter are said by name.
    func words(without: Set<Character> = [], names: [Long]) -> [String] {
        said.filter { !without.contains($0.code) }.flatMap { code, value -> [String] in
            let name = names.first { $0.code == code }?.name
            guard let name else { return value.map { ["-\(code)", $0] } ?? ["-\(code)"] }
            return [value.map { "--\(name)=\($0)" } ?? "--\(name)"]
        }
    }
}
