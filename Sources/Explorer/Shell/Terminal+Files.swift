import KernelCore
import Kernfs
import Machine
import SystemPackage

extension Terminal {
    /// Applies the redirections of a command.
    ///
    /// - Returns: false if one failed: then the command does not run.
    func redirect(_ command: ShellCommand) async -> Bool {
        for redirection in command.redirections {
            switch redirection.target {
            case .close: streams[redirection.descriptor] = nil
            case .descriptor(let source): streams[redirection.descriptor] = streams[source]
            case .path(let word):
                let path = expand(word)
                do throws(Errno) {
                    streams[redirection.descriptor] = try await stream(path, isWrite: redirection.isWrite)
                } catch {
                    complain("bash: \(path)", error)
                    return false
                }
            }
        }
        return true
    }

    private func stream(_ path: String, isWrite: Bool) async throws(Errno) -> Stream {
        if path == "/dev/null" { return .null }
        if let name = control(path) { return .control(name) }
        return .file(try await open(path, isWrite: isWrite), offset: 0)
    }

    /// `debug/delete_module` and `debug/init_module` below the mount.
    private func control(_ path: String) -> String? {
        let prefix = Self.mount + "/debug/"
        guard path.hasPrefix(prefix) else { return nil }
        let name = String(path.dropFirst(prefix.count))
        return name == "delete_module" || name == "init_module" ? name : nil
    }

    /// Opens an attribute as a mount does: the lookup is a step, and then the open.
    ///
    /// - Throws: `EACCES` for writing a file that is not there in a directory that is: the shell would create it.
    func open(_ path: String, isWrite: Bool) async throws(Errno) -> KernfsOpenFile {
        guard path.hasPrefix(Self.mount + "/") else { throw .noSuchFileOrDirectory }
        let found = await machine.root.walk(String(path.dropFirst(Self.mount.count)))
        if kernel.isHalting { throw .interrupted }
        kernel.current.observe(mounted.isAttached.fingerprint)
        guard mounted.isAttached else { throw .noSuchFileOrDirectory }
        guard let node = found.node else {
            throw isWrite && found.hasDirectory ? .permissionDenied : .noSuchFileOrDirectory
        }
        return try await KernfsOpenFile(node, read: !isWrite, write: isWrite)
    }
}
