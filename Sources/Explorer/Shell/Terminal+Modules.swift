import KernelCore
import KernelModule
import Kernfs
import Machine
import SystemPackage

extension Terminal {
    /// - Parameter absent: the status if the module is not loaded, which modprobe does not mind.
    func remove(_ name: String, said what: String, absent: Int32) async throws(Exit) -> Int32 {
        do throws(Errno) {
            try await machine.modules.delete(name)
        } catch {
            if error == .noSuchFileOrDirectory, absent == 0 { return 0 }
            try complain(what, error)
            return 1
        }
        return 0
    }

    /// As modprobe does, a module that is loaded already is fine.
    func load(_ words: [String]) async throws(Exit) -> Int32 {
        do throws(Errno) {
            try await machine.modules.load(words[0], Array(words.dropFirst()))
        } catch {
            if error == .fileExists { return 0 }
            try complain("modprobe: ERROR: could not insert '\(words[0])'", error)
            return 1
        }
        return 0
    }

    /// `umount -l` detaches at once, and the daemon removes the module without a pin.
    func detach() async throws(Exit) -> Int32 {
        await kernel.step(.lookup, on: machine.root.node)
        if kernel.isHalting { throw Exit() }
        machine.root.node.noteRead()
        kernel.current.observe(mounted.isAttached.fingerprint)
        guard mounted.isAttached else {
            try complain("umount: \(Self.mount)", .invalidArgument)
            return 32
        }
        mounted.isAttached = false
        machine.root.node.changed(9, from: 0, to: 1)
        kernel.spawn("zramfs") { [machine] _ in
            do throws(Errno) { try await machine.modules.delete("zram", force: true) } catch {}
        }
        return 0
    }
}
