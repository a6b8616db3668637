import Explorer
import Zram

/// Draws scenarios by lot: every driver, and every means that scripts have.
public struct Generator {
    private var random: SplitMix
    private let driver: Driver
    private let isRecent: Bool
    private let number: UInt64

    /// The scenario of that number: always the same one.
    public static func draft(_ number: UInt64) -> Draft {
        var generator = Generator(number)
        return generator.draft()
    }

    private init(_ number: UInt64) {
        self.number = number
        random = SplitMix(state: number &* 0x9e37_79b9 &+ 7)
        driver = Driver.all[Int.random(in: 0..<6, using: &random) % Driver.all.count]
        isRecent = driver.module == "zram" && Int.random(in: 0..<5, using: &random) == 0
    }

    private mutating func chance(_ one: Int, in all: Int) -> Bool { Int.random(in: 0..<all, using: &random) < one }
    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func draft() -> Draft {
        var draft = Draft(name: "g\(number)")
        if driver.module != "zram" { draft.setup.append(.command(load())) }
        if driver.module == "zram", chance(1, in: 2) { draft.setup.append(.command("echo 1M > $1/zram0/disksize")) }
        if chance(1, in: 8) { draft.setup.append(.command(access())) }
        if isRecent { draft.machine = "abi=6.18" }
        if chance(1, in: 10) { draft.machine += (draft.machine.isEmpty ? "" : " ") + "cpus=3" }
        for place in 0..<(chance(1, in: 8) ? 3 : 2) {
            // One of them removes what the others use, most of the time.
            var script = place == 0 && chance(3, in: 4) ? [Statement.command(removal())] : statements(depth: 0)
            if script.isEmpty { script = [.command(access())] }
            let isPair = place == 1 && draft.terminals.count == 1 && chance(1, in: 6)
            draft.terminals.append((script, isPair ? 2 : 1))
        }
        draft.patches = Set(Patch.allCases.filter { _ in chance(1, in: 4) })
        if chance(1, in: 2) { draft.patches = Policy.all.randomElement(using: &random)!.patches }
        return draft
    }

    private mutating func statements(depth: Int) -> [Statement] {
        (0..<(depth == 0 && chance(1, in: 3) ? 2 : 1)).flatMap { _ in statement(depth: depth) }
    }

    private mutating func statement(depth: Int) -> [Statement] {
        switch number(0...(depth == 0 ? 15 : 9)) {
        case 0...5: return [.command(access())]
        case 6: return [.command(combined())]
        case 7: return [.command(chance(1, in: 2) ? removal() : load())]
        case 8: return [.command(elsewhere())]
        case 9: return [.command("sleep 1"), .command(access())]
        case 10: return descriptor()
        case 11: return variable()
        case 12:
            return [
                .block(
                    head: "if \(condition()); then", statements(depth: 1),
                    otherwise: chance(1, in: 2) ? statements(depth: 1) : [], tail: "fi")
            ]
        case 13: return [.block(head: "for i in 0 1; do", statements(depth: 1), otherwise: [], tail: "done")]
        case 14 where chance(1, in: 2):
            // Nothing that makes ever more: the walk has to come to an end.
            let head = chance(1, in: 3) ? "while ! \(access(adds: false)); do" : "until \(access(adds: false)); do"
            return [.block(head: head, [.command(access(adds: false))], otherwise: [], tail: "done")]
        default:
            // Leaves the script, or what stands behind it is never reached.
            return [.command("\(access()) || exit 1"), .command(access())]
        }
    }

    private mutating func condition() -> String {
        switch number(0...4) {
        case 0: "[ $? -eq 0 ]"
        case 1: "! " + access()
        case 2: "[ \"$x\" = 1 ]"
        case 3: "cat $1/module/\(driver.module)/initstate"
        default: access()
        }
    }

    private mutating func combined() -> String {
        let (one, other) = (access(), access())
        return chance(1, in: 2) ? "\(one) && \(other)" : "\(one) || \(other)"
    }

    private mutating func path() -> (path: String, value: String) {
        let files = isRecent && chance(1, in: 3) ? Driver.recent : driver.files
        let file = files.randomElement(using: &random)!
        return (file.path, file.values.randomElement(using: &random)!)
    }

    /// Reads or writes a file of the driver's.
    ///
    /// - Parameter adds: it may add a device.
    private mutating func access(adds: Bool = true) -> String {
        var (path, value) = path()
        while !adds, path.hasSuffix("hot_add") { (path, value) = self.path() }
        let mute = chance(1, in: 12) ? " 2> /dev/null" : ""
        return (value.isEmpty ? "cat $1/\(path)" : "echo \(value) > $1/\(path)") + mute
    }

    private mutating func elsewhere() -> String {
        switch number(0...3) {
        case 0: "echo 0 > $1/cpu/cpu1/online"
        case 1: "echo 1 > $1/cpu/cpu1/online"
        case 2: "exec 4< $1/dev/zram0"
        default: "exec 5< $1/dev/zram0; exec 5<&-"
        }
    }

    /// A descriptor that is opened, used later, and perhaps kept.
    private mutating func descriptor() -> [Statement] {
        let (path, value) = path()
        let between: [Statement] = chance(1, in: 3) ? [.command(access())] : []
        let close: [Statement] = chance(1, in: 2) ? [.command("exec 3>&-")] : []
        if value.isEmpty { return [.command("exec 3< $1/\(path)")] + between + [.command("cat <&3")] + close }
        return [.command("exec 3> $1/\(path)")] + between + [.command("echo \(value) >&3")] + close
    }

    private mutating func variable() -> [Statement] {
        switch number(0...3) {
        case 0:
            let (path, value) = path()
            let parts = path.split(separator: "/")
            let folder = parts.dropLast().joined(separator: "/")
            let access = value.isEmpty ? "cat $1/\(folder)/$f" : "echo \(value) > $1/\(folder)/$f"
            return [.command("f=\(parts.last!)"), .command(access)]
        case 1: return [.command("x=1"), .command(access())]
        case 2:
            let branch = Statement.block(
                head: "if \(access()); then", [.command("x=1")], otherwise: [.command("x=2")], tail: "fi")
            let use = Statement.block(
                head: "if [ \"$x\" = 1 ]; then", [.command(access())], otherwise: [], tail: "fi")
            return [branch, use]
        default: return [.command(access()), .command("x=$?"), .command("[ $x = 0 ] && \(access())")]
        }
    }

    private mutating func removal() -> String {
        let module = driver.module
        switch number(0...(module == "zram" ? 6 : 3)) {
        case 0, 1: return "echo \(module) > $1/debug/delete_module"
        case 2: return "rmmod \(module)"
        case 3: return "modprobe -r \(module)"
        case 4: return "echo 0 > $1/zram-control/hot_remove"
        case 5: return "umount -l $1"
        default: return "echo 0 > $1/zram0/hot_remove"
        }
    }

    private mutating func load() -> String {
        let parameters = driver.parameters.randomElement(using: &random)!
        return chance(1, in: 3)
            ? "modprobe \(driver.module)\(parameters)" : "echo \(driver.module)\(parameters) > $1/debug/init_module"
    }
}
