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
            case .close: await close(redirection.descriptor)
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
        let node = try await find(path, isWrite: isWrite)
        if case .device(let device) = node.kind {
            return .device(try await device.open(forWriting: isWrite), id: UInt64(node.id))
        }
        return .file(try await KernfsOpenFile(node, read: !isWrite, write: isWrite), offset: 0)
    }

    /// Closes a descriptor; closing a disk takes steps.
    func close(_ descriptor: Int) async {
        guard let stream = streams.removeValue(forKey: descriptor), case .device(let handle, _) = stream else { return }
        let isShared = streams.values.contains {
            if case .device(let other, _) = $0 { other === handle } else { false }
        }
        if !isShared { await handle.release() }
    }

    /// Goes back to the descriptors from before a command's redirections.
    func restore(_ before: [Int: Stream]) async {
        let now = streams
        streams = before
        for case .device(let handle, _) in now.values {
            let isKept = before.values.contains {
                if case .device(let other, _) = $0 { other === handle } else { false }
            }
            if !isKept { await handle.release() }
        }
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
        try await KernfsOpenFile(find(path, isWrite: isWrite), read: !isWrite, write: isWrite)
    }

    private func find(_ path: String, isWrite: Bool) async throws(Errno) -> KernfsNode {
        guard path.hasPrefix(Self.mount + "/") else { throw .noSuchFileOrDirectory }
        let found = await machine.root.walk(String(path.dropFirst(Self.mount.count)))
        if kernel.isHalting { throw .interrupted }
        kernel.current.observe(mounted.isAttached.fingerprint)
        guard mounted.isAttached else { throw .noSuchFileOrDirectory }
        guard let node = found.node else {
            throw isWrite && found.hasDirectory ? .permissionDenied : .noSuchFileOrDirectory
        }
        return node
    }
}
