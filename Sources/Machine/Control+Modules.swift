import KernelModule
import SystemPackage

extension Control {
    /// The kernel's `/proc/modules`.
    static let procModules = Control("proc/modules", mode: 0o444, isExplored: true, show: { $0.modules.procModules })

    /// `zram` or `zram force`: delete_module in the writer's own task, which hangs where rmmod would.
    static let deleteModule = Control(
        "debug/delete_module", isExplored: true,
        store: { machine, text async throws(Errno) in
            let words = text.split(separator: " ").map(String.init)
            guard let name = words.first else { throw .noSuchFileOrDirectory }
            guard words.count == 1 || words.dropFirst() == ["force"] else { throw .invalidArgument }
            try await machine.modules.delete(name, force: words.count > 1)
        })

    /// `zram num_devices=2`: init_module in the writer's own task.
    static let initModule = Control(
        "debug/init_module", isExplored: true,
        store: { machine, text async throws(Errno) in
            let words = text.split(separator: " ").map(String.init)
            guard let name = words.first else { throw .noSuchFileOrDirectory }
            try await machine.modules.load(name, Array(words.dropFirst()))
        })
}
