import KernelCore
import KernelModule
import Kernfs
import SystemPackage
import Zram

@testable import Machine

/// A machine in live mode, driven from the test's own thread.
final class LiveMachine {
    let isolation = LiveIsolation()
    let machine: Machine
    var cycles = 0
    var warnings: [String] = []
    var oopses: [String] = []

    init(policy: String = "5.15", _ change: (inout MachineConfiguration) -> Void = { _ in }) throws {
        var configuration = MachineConfiguration()
        configuration.patches = Policy.named(policy)!.patches
        change(&configuration)
        machine = try Machine(configuration, mode: .live, executor: isolation.executor, memory: EmptyMemory())
        machine.onEvent = { [unowned self] event in
            switch event {
            case .cycle: cycles += 1
            case .warning(let warning): warnings.append(warning.kind)
            case .oops(let oops): oopses.append(oops.what)
            case .inversion, .stack: break
            }
        }
        isolation.run { machine.boot() }
    }

    deinit { isolation.run { machine.kernel.halt() } }

    /// What became of a command: nil while it hangs.
    final class Outcome {
        var result: Result<String, Errno>?
        var text: String? { if case .success(let text) = result { text } else { nil } }
        var errno: Errno? { if case .failure(let errno) = result { errno } else { nil } }
    }

    @discardableResult
    func spawn(_ name: String, _ body: @escaping () async throws(Errno) -> String) -> Outcome {
        let outcome = Outcome()
        isolation.run {
            machine.kernel.spawn(name) { _ in
                do throws(Errno) {
                    let text = try await body()
                    outcome.result = .success(text)
                } catch {
                    outcome.result = .failure(error)
                }
            }
        }
        return outcome
    }

    @discardableResult
    func echo(_ text: String, _ path: String) -> Outcome {
        spawn("echo") { [machine] () async throws(Errno) in
            guard let node = machine.root.find(path) else { throw .noSuchFileOrDirectory }
            let file = try await KernfsOpenFile(node, read: false, write: true)
            return String(try await file.write(Array((text + "\n").utf8)))
        }
    }

    @discardableResult
    func cat(_ path: String) -> Outcome {
        spawn("cat") { [machine] () async throws(Errno) in
            guard let node = machine.root.find(path) else { throw .noSuchFileOrDirectory }
            let file = try await KernfsOpenFile(node, read: true, write: false)
            return String(decoding: try await file.read(at: 0, count: .max / 2).bytes, as: UTF8.self)
        }
    }

    @discardableResult
    func rmmod() -> Outcome {
        spawn("rmmod") { [machine] () async throws(Errno) in
            try await machine.modules.delete("zram")
            return ""
        }
    }

    func hold(_ point: String, function: String? = nil) {
        isolation.run {
            machine.kernel.points.hold(machine.kernel.points.byName[point]!, count: 1, function: function)
        }
    }

    func go(_ point: String) {
        isolation.run { machine.kernel.points.go(machine.kernel.points.byName[point]!) }
    }
}
