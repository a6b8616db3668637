import DriverModel
import KernelCore
import KernelModule
import Kernfs
import Machine
import Synchronization
import SystemPackage
import Zram

/// What files and modules a machine can ever have: a script that names another is mistaken, and proves nothing.
struct MachineNames: Sendable {
    private let names: Set<String>
    /// Names without the number at their end, of which there may be any.
    private let stems: Set<String>
    private let modules = Machine.modules

    private struct Kind: Hashable {
        let abi: ABI
        let cpus: Int
    }

    private static let known = Synchronization.Mutex<[Kind: MachineNames]>([:])

    /// The names of a kind of machine, which is looked at once.
    static func of(_ machine: (abi: ABI, cpus: Int)) -> MachineNames {
        let kind = Kind(abi: machine.abi, cpus: machine.cpus)
        if let names = known.withLock({ $0[kind] }) { return names }
        let names = MachineNames(kind)
        known.withLock { $0[kind] = names }
        return names
    }

    /// Boots one with all files, loads each module in each way that gives it other files, and looks.
    private init(_ kind: Kind) {
        var configuration = MachineConfiguration()
        configuration.abi = kind.abi
        configuration.cpus = kind.cpus
        let executor = KernelExecutor()
        defer { executor.retire() }
        guard
            let machine = try? Machine(configuration, mode: .exploring, executor: executor, memory: EmptyMemory())
        else { fatalError("a fresh machine has no name twice") }
        let kernel = machine.kernel
        defer { kernel.halt() }
        kernel.runsFreely = true
        machine.boot()
        executor.drain()
        var names = Self.names(below: machine.root.node)
        for module in Machine.modules.dropFirst() {
            let parameters = Set(module.parameters.map(\.name))
            let ways = parameters.contains("devtype") ? ["devtype=0", "devtype=1"] : [""]
            for way in ways {
                let arguments = [way, parameters.contains("enable_debugfs") ? "enable_debugfs=1" : ""]
                kernel.spawn("modprobe") { _ in
                    try? await machine.modules.load(module.name, arguments.filter { !$0.isEmpty })
                }
                executor.drain()
                names.formUnion(Self.names(below: machine.root.node))
                kernel.spawn("rmmod") { _ in try? await machine.modules.delete(module.name) }
                executor.drain()
            }
        }
        self.names = names
        stems = Set(
            names.compactMap { name in
                let stem = Self.stem(name)
                return stem == name || stem == "cpu" ? nil : stem
            })
    }

    private static func names(below top: KernfsNode) -> Set<String> {
        var names: Set<String> = []
        var nodes = [top]
        while let node = nodes.popLast() {
            if case .symlink = node.kind { continue }
            names.insert(node.name)
            nodes += node.children
        }
        return names
    }

    private static func stem(_ name: String) -> String {
        String(name.reversed().drop { $0.isNumber }.reversed())
    }

    /// The first part of a path that no file of the machine is called.
    private func unknown(in path: String) -> String? {
        path.split(separator: "/").dropFirst().map(String.init).first { part in
            !names.contains(part) && !(Self.stem(part) != part && stems.contains(Self.stem(part)))
        }
    }

    /// - Throws: the first name that nothing in the machine ever has, with file and line.
    func check(_ scripts: [Script]) throws(ScenarioError) {
        for script in scripts {
            for (word, line) in script.paths { try check(word, line, script) }
            for command in script.commands { try checkModules(command, script) }
        }
    }

    /// Of the values that a variable has at some time, one must lead to a file; of those of a list, each.
    private func check(_ word: ShellWord, _ line: Int, _ script: Script) throws(ScenarioError) {
        guard let texts = script.values.texts(of: word) else { return }
        let paths = texts.flatMap { $0.split(whereSeparator: \.isWhitespace) }.filter { $0.hasPrefix(Terminal.mount) }
        let wrong = paths.sorted().compactMap { unknown(in: String($0)) }
        let variables = word.parameters.filter { $0 != "1" }
        let isList = variables.count == 1 && script.values.listed.contains(variables[0])
        if let first = wrong.first, isList || wrong.count == paths.count {
            throw ScenarioError(file: script.file, line: line, says: "no file of the machine is called '\(first)'")
        }
    }

    private func checkModules(_ command: ShellCommand, _ script: Script) throws(ScenarioError) {
        var words = command.words.dropFirst()
        var takes = false
        switch command.name {
        case "rmmod": break
        case "modprobe":
            takes = words.first?.literal != "-r"
            if !takes { words.removeFirst() }
        case "echo":
            if words.first?.literal == "-n" { words.removeFirst() }
            let targets = command.redirections.compactMap { redirection in
                if redirection.descriptor == 1, case .path(let word) = redirection.target {
                    word.texts.last
                } else {
                    nil
                }
            }
            takes = targets.last?.hasSuffix("/debug/init_module") == true
            guard takes || targets.last?.hasSuffix("/debug/delete_module") == true else { return }
        default: return
        }
        let texts = words.compactMap(\.literal).flatMap { $0.split(separator: " ").map(String.init) }
        guard words.allSatisfy({ $0.literal != nil }), let name = texts.first else { return }
        func wrong(_ what: String) -> ScenarioError { ScenarioError(file: script.file, line: command.line, says: what) }
        guard let module = modules.first(where: { $0.name == name }) else {
            throw wrong("there is no module '\(name)'; there are \(modules.map(\.name).joined(separator: " "))")
        }
        for text in texts.dropFirst() {
            if !takes {
                if text != "force" { throw wrong("'\(text)' behind a module that is removed; 'force' is all there is") }
                continue
            }
            let key = (text.split(separator: "=").first.map(String.init) ?? text).replacing("-", with: "_")
            guard module.parameters.contains(where: { $0.name == key }) else {
                let known = module.parameters.map(\.name).joined(separator: " ")
                throw wrong("\(name) has no parameter '\(key)'; it has \(known.isEmpty ? "none" : known)")
            }
        }
    }
}
