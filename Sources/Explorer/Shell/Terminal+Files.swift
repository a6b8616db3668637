import KernelCore
import Kernfs
import Machine
import SystemPackage

extension Terminal {
    /// Applies the redirections of a command, in order.
    ///
    /// - Returns: false if one failed: then the command does not run.
    func redirect(_ command: ShellCommand) async throws(Exit) -> Bool {
        for redirection in command.redirections {
            let number = redirection.descriptor
            switch redirection.target {
            case .close: state.descriptors[number] = nil
            case .descriptor(let source):
                // bash does nothing then, also if it is closed.
                if source == number { continue }
                guard let description = state.descriptors[source] else {
                    try complain("bash: \(source)", .badFileDescriptor)
                    return false
                }
                state.descriptors[number] = description
            case .path(let word):
                let fields = fields(word)
                guard fields.count == 1 else { try misread("a redirection to \(fields.count) files") }
                let found = try await description(fields[0], redirection)
                if kernel.isHalting { throw Exit() }
                guard let found else { return false }
                state.descriptors[number] = found
            }
        }
        return true
    }

    private func description(
        _ path: String, _ redirection: ShellRedirection
    ) async throws(Exit) -> OpenDescription? {
        let (reads, writes) = (redirection.reads, redirection.writes)
        if path == "/dev/null" { return OpenDescription(.null, reads: reads, writes: writes) }
        guard let node = try await find(path, creates: writes, said: "bash: \(path)") else { return nil }
        if node.isDirectory {
            guard writes else { try misread("a redirection from a directory") }
            try complain("bash: \(path)", .isDirectory)
            return nil
        }
        do throws(Errno) {
            if case .device(let device) = node.kind {
                let handle = try await device.open(forWriting: writes)
                return OpenDescription(.disk(handle, id: UInt64(node.id)), reads: reads, writes: writes)
            }
            return OpenDescription(
                .file(try await KernfsOpenFile(node, read: reads, write: writes)), reads: reads, writes: writes)
        } catch {
            try complain("bash: \(path)", error)
            return nil
        }
    }

    /// Goes back to the descriptors from before a command's redirections.
    func restore(_ before: [OpenDescription?]) async {
        let now = state.descriptors
        state.descriptors = before
        await release(now)
    }

    /// Behind `exec`: what was open before and is no more, is closed.
    func keepOpen(_ before: [OpenDescription?]) async { await release(before) }

    /// Closes what no descriptor leads to any more; closing a disk takes steps, a file of debugfs may call into a driver.
    private func release(_ descriptions: [OpenDescription?]) async {
        var released: [OpenDescription] = []
        for case let description? in descriptions {
            guard !released.contains(where: { $0 === description }),
                !state.descriptors.contains(where: { $0 === description })
            else { continue }
            released.append(description)
            switch description.kind {
            case .disk(let handle, _): await handle.release()
            case .file(let file): await file.close()
            default: break
            }
        }
    }

    /// Looks a path up as a mount does: a step of its own.
    ///
    /// - Parameter creates: the shell would create a file that is not there, which is refused in a directory that is.
    /// - Returns: nil if it is not there, which was said then.
    func find(_ path: String, creates: Bool, said what: String) async throws(Exit) -> KernfsNode? {
        let (node, hasDirectory) = try await walk(path)
        if node == nil { try complain(what, creates && hasDirectory ? .permissionDenied : .noSuchFileOrDirectory) }
        return node
    }

    /// The node of a path, and whether its directory is there.
    func walk(_ path: String) async throws(Exit) -> (node: KernfsNode?, hasDirectory: Bool) {
        let parts = path.split(separator: "/")
        guard path == Self.mount || path.hasPrefix(Self.mount + "/") else { try misread("'\(path)', out of the mount") }
        if parts.contains(".") || parts.contains("..") || path.hasSuffix("/") {
            try misread("'.', '..' or a slash at the end of '\(path)'")
        }
        let found = await machine.root.walk(String(path.dropFirst(Self.mount.count)))
        if kernel.isHalting { throw Exit() }
        kernel.current.observe(mounted.isAttached.fingerprint)
        guard mounted.isAttached else { return (nil, false) }
        if case .symlink? = found.node?.kind { try misread("'\(path)', a link") }
        if case .hostDevice? = found.node?.kind { try misread("'\(path)', a device of the host") }
        return found
    }
}
