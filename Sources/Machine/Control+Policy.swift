import SystemPackage
import Zram

extension Control {
    /// All policies, that of the running driver in brackets, and what the next modprobe will take if it differs.
    static let policy = Control(
        "debug/policy",
        show: { machine in
            let active = name(machine.activePatches)
            let next = name(machine.configuration.patches)
            let names = Policy.all.map { $0.name == active ? "[\($0.name)]" : $0.name }
            let line = (names + (active == nil ? ["[custom]"] : [])).joined(separator: " ")
            let isChanged = machine.activePatches != machine.configuration.patches
            return line + (isChanged ? " -> \(next ?? "custom") at the next modprobe" : "") + "\n"
        },
        store: { machine, text throws(Errno) in
            guard let policy = Policy.named(text) else { throw .invalidArgument }
            machine.configuration.patches = policy.patches
        })

    /// What the next modprobe will take, a line each. `+name` and `-name` change it, `name,name` replaces it.
    static let patches = Control(
        "debug/patches",
        show: { machine in
            let next = machine.configuration.patches
            return Patch.allCases.map { patch in
                let isChanged = next.contains(patch) != machine.activePatches.contains(patch)
                return "[\(next.contains(patch) ? "x" : " ")] \(patch.rawValue)  \(patch.summary)"
                    + (isChanged ? "  -> at the next modprobe" : "") + "\n"
            }.joined()
        },
        store: { machine, text throws(Errno) in
            machine.configuration.patches = try changed(machine.configuration.patches, by: text)
        })

    private static func name(_ patches: Set<Patch>) -> String? { Policy.all.first { $0.patches == patches }?.name }

    private static func changed(_ patches: Set<Patch>, by text: String) throws(Errno) -> Set<Patch> {
        let words = text.split { $0 == "," || $0 == " " }
        let isChange = words.first.map { "+-".contains($0.first!) } ?? false
        var result = isChange ? patches : []
        for word in words {
            guard "+-".contains(word.first!) == isChange else { throw .invalidArgument }
            guard let patch = Patch(rawValue: String(isChange ? word.dropFirst() : word)) else {
                throw .invalidArgument
            }
            if word.first == "-" { result.remove(patch) } else { result.insert(patch) }
        }
        return result
    }
}
