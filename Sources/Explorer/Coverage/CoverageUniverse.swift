import KernelCore
import KernelModule
import Kernfs
import Machine
import SystemPackage
import Zram

/// All that the modules of some scenarios have: what a machine shows once they are loaded.
struct CoverageUniverse {
    private(set) var attributes: Set<String> = []
    private(set) var locks: Set<String> = []
    /// The modules that the scenarios name, and zram.
    let modules: Set<String>

    init(_ scenarios: [Scenario]) {
        let named = scenarios.reduce(into: Set<String>()) { $0.formUnion($1.words) }
        modules = named.intersection(Machine.modules.map(\.name)).union(
            scenarios.contains(where: \.concernsZram) ? ["zram"] : [])
        for options in Set(scenarios.map(\.machineOptions)).sorted() {
            guard let scenario = scenarios.first(where: { $0.machineOptions == options }) else { continue }
            look(scenario)
        }
    }

    /// Patches that the driver has places for. Those of kernfs and of the drivers beside zram have no place that asks.
    var patches: [String] {
        guard modules.contains("zram") else { return [] }
        let others: Set<Patch> = [.kernfsPinsModule, .noUnbreakPairing, .deregisterUnlocked, .cancelWork]
        return Patch.allCases.filter { !others.contains($0) }.map(\.rawValue)
    }

    /// True for steps by which a lock is taken.
    static func isLock(_ step: String) -> Bool {
        let operation = step.split(separator: ".").last ?? ""
        return ["lock", "trylock", "down_read", "down_write"].contains(operation)
    }

    /// A machine with all files, in which nothing is decided by anybody.
    private mutating func look(_ scenario: Scenario) {
        let executor = KernelExecutor()
        defer { executor.retire() }
        let setting = Setting(scenario, [], isWhole: true)
        guard
            let machine = try? Machine(
                setting.configuration, mode: .exploring, executor: executor, memory: EmptyMemory())
        else { return }
        let kernel = machine.kernel
        kernel.runsFreely = true
        kernel.points.isOn = true
        machine.boot()
        executor.drain()
        let names = modules.subtracting(["zram"]).sorted()
        kernel.spawn("modprobe") { _ in
            for name in names {
                do throws(Errno) { try await machine.modules.load(name, []) } catch { continue }
            }
        }
        executor.drain()
        collect(machine.root.node)
        for name in kernel.points.byName.keys where Self.isLock(name) { locks.insert(name) }
        kernel.halt()
    }

    private mutating func collect(_ node: KernfsNode) {
        for child in node.children {
            collect(child)
            guard case .attribute(let ops) = child.kind, !ops.isControl else { continue }
            if child.mode & 0o444 != 0 { attributes.insert("\(child.name) show") }
            if child.mode & 0o222 != 0 { attributes.insert("\(child.name) store") }
        }
    }
}
