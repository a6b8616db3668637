@testable import Explorer

/// Scripts of the whole subset, at random.
struct GeneratedScript {
    private var random: SplitMix
    private var names = 0

    init(seed: UInt64) { random = SplitMix(state: seed &* 7919 &+ 3) }

    private mutating func pick(_ list: [String]) -> String { list.randomElement(using: &random)! }
    private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }

    private static let values = [
        "0", "1", "5", "-3", "1M", "64K", "lz4", "lzo-rle", "a", "'a b'", "' a  b '", "''", "reset", "disksize",
        "zram0", "x'y z'w",
        "\"$x\"", "$y", "\"$1\"", "re\\set", "all", "-n", "07",
    ]
    private static let files = [
        "zram0/disksize", "zram0/reset", "zram0/initstate", "zram0/comp_algorithm", "zram0/max_comp_streams",
        "zram0/mem_limit",
        "zram0/compact", "zram0/backing_dev", "zram1/initstate", "zram1/disksize", "zram-control/hot_add",
        "zram-control/hot_remove", "cpu/cpu1/online", "module/zram/initstate", "zram0", "zram0/'res'et",
        "zram0/\"init\"state",
        "/zram0//disksize", "zram0/di\\sksize", "zram0/test_sysfs", "mpic/timer_wakeup",
    ]

    private mutating func path() -> String {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: "$1/zram0/$f"
        case 1: "\"$1/zram0/${f}\""
        case 2: "/dev/null"
        case 3: "\"$1\"/${d}/initstate"
        default: "$1/" + pick(Self.files)
        }
    }

    private mutating func word() -> String {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: pick(["$x", "$y", "$f", "${x}"])
        case 1: pick(["\"$x\"", "\"$y $x\"", "a$x", "$x$y", "\"\"$x", "$?"])
        default: pick(Self.values)
        }
    }

    private mutating func words(_ most: Int) -> String {
        (0..<Int.random(in: 0...most, using: &random)).map { _ in word() }.joined(separator: " ")
    }

    private mutating func number() -> String {
        pick(["$?", "0", "1", "2", "-1", "$x", "\"$y\"", "07", "a", "' 3 '", "''"])
    }

    private mutating func condition() -> String {
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: "[ \(pick(["-e", "-f", "-d"])) \(path()) ]"
        case 2: "[ \(word()) \(pick(["=", "!="])) \(word()) ]"
        case 3: "[ \(number()) \(pick(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"])) \(number()) ]"
        case 4: "[ \(pick(["-n", "-z"])) \(word()) ]"
        case 5: "[ ! \(pick(["-e", "-d", "-n", "-z"])) \(pick(["\"$x\"", "$1/zram0/reset", "$1/zram1"])) ]"
        case 6: "test \(word())"
        case 7: "[ ! \(word()) = \(word()) ]"
        default: pick(["true", "false", ":"])
        }
    }

    private mutating func simple() -> String {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: "echo \(words(3))"
        case 1: "echo -n \(words(2))"
        case 2: "printf \(pick(["'%s\\n'", "'a%sb'", "%s", "'%s%%%s\\n'", "x"])) \(word())"
        case 3: "\(pick(["x", "y"]))=\(pick(Self.values))"
        case 4: "f=\(pick(["reset", "initstate", "disksize", "comp_algorithm", "re", "''"]))"
        case 5: "d=\(pick(["zram0", "zram1", "module/zram", "''"]))"
        case 6, 7, 8: "echo \(words(2)) \(pick([">", ">", ">", ">>", "<>", "1<>"])) \(path())"
        case 9: "printf %s \(word()) > \(path())"
        case 10, 11: "cat \(path())" + (chance(3) ? " \(path())" : "")
        case 12: "exec \(pick(["3", "4", "5"]))\(pick([">", "<", "<>", ">>"])) \(path())"
        case 13: "exec \(pick(["3", "4", "5", "0"]))\(pick(["<&", ">&"]))\(pick(["3", "4", "5", "-", "1"]))"
        case 14: "echo \(words(2)) >&\(pick(["3", "4", "5", "1", "2"]))"
        case 15: "cat <&\(pick(["3", "4", "5"]))"
        case 16:
            pick([
                "echo zram > $1/debug/delete_module", "echo test_sysfs > $1/debug/delete_module",
                "echo test_sysfs > $1/debug/init_module", "echo zram > $1/debug/init_module",
                "echo 'zram num_devices=2' > $1/debug/init_module",
            ])
        case 17: condition()
        case 18: "> \(path())" + (chance(2) ? " 3>&1 2>&1 >&3" : "")
        default: "cat \(path()) \(pick(["> /dev/null", "3>&1", "2>/dev/null", "< \(path())", "5<> \(path())"]))"
        }
    }

    private mutating func statement(_ depth: Int) -> String {
        guard depth < 3 else { return simple() }
        switch Int.random(in: 0..<16, using: &random) {
        case 0:
            let other = chance(2) ? "elif \(list(depth + 1))\nthen \(list(depth + 1))\n" : ""
            let last = chance(2) ? "else \(list(depth + 1))\n" : ""
            return "if \(list(depth + 1)); then \(list(depth + 1))\n\(other)\(last)fi"
        case 1: return "for \(pick(["x", "f", "y"])) in \(words(3)); do \(list(depth + 1)); done"
        case 2:
            names += 1
            let name = "i\(names)"
            let test = chance(2) ? "until [ \"$\(name)\" = xx ]" : "while [ \"$\(name)\" != xx ]"
            return "\(name)=\n\(test); do \(name)=x$\(name); \(list(depth + 1)); done"
        case 3: return "! \(simple())"
        case 4: return "\(simple()) && \(simple())"
        case 5: return "\(simple()) || \(simple())"
        case 6: return "\(simple()) || \(simple()) && ! \(simple())"
        case 7: return "echo $?"
        case 8: return chance(6) ? "exit \(pick(["", "0", "7", "255"]))" : "echo \"<$?>\""
        default: return simple()
        }
    }

    private mutating func list(_ depth: Int) -> String {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in statement(depth) }.joined(
            separator: chance(2) ? "; " : "\n")
    }

    /// A script whose messages go nowhere, for the programs word them in their own ways.
    mutating func text() -> String {
        let lines = (0..<Int.random(in: 3...10, using: &random)).map { _ in statement(0) }
        return "exec 2> /dev/null\nx=1 y='a b'\nf=initstate d=zram0\n" + lines.joined(separator: "\n")
            + "\necho \"end $?\"\n"
    }
}
