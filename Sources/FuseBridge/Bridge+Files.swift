import CFuse3
import CFuseShims
import Glibc
import KernelCore
import Kernfs
import Synchronization
import SystemPackage

extension Bridge {
    func open(_ request: consuming Request, _ id: UInt64, _ info: fuse_file_info) {
        let flags = info.flags
        // Mode 3 asks for the right to read and write, and then does neither.
        let reads = [O_RDONLY, O_RDWR].contains(flags & O_ACCMODE)
        let writes = [O_WRONLY, O_RDWR].contains(flags & O_ACCMODE)
        let pid = request.pid
        var isTaken = false
        let found = isolation.read {
            let inode = inodes[id]
            if writes, let inode, inode.node?.attribute != nil { isTaken = !mayWrite(inode, pid) }
            return (inode: inode, node: inode?.node)
        }
        guard let inode = found.inode, let node = found.node else { return request.fail(.noSuchFileOrDirectory) }
        // Only looked up again it gets an inode of its own.
        guard !isTaken else { return request.fail(.staleNFSFileHandle) }
        switch node.kind {
        case .attribute:
            let isDirect = zf_is_direct(flags) != 0
            let work = { [self] (call: Call) async throws(Errno) -> Call.Outcome in
                do throws(Errno) {
                    return try await openAttribute(call, node, writes ? inode : nil, reads, writes, isDirect: isDirect)
                } catch {
                    if writes { inode.writers -= 1 }
                    throw error
                }
            }
            start(Call(request, work))
        case .device(let device):
            let isDirect = zf_is_direct(flags) != 0
            let work = { [self] (call: Call) async throws(Errno) -> Call.Outcome in
                try await openDevice(call, device, inode, writes: writes, isDirect: isDirect)
            }
            // Whether it is open decides whether its cache is kept: a RELEASE that was sent before counts.
            if zf_context_disks(context) > 0 { zf_settle(context) }
            let call = Call(request, work)
            call.isForHost = device.bypassesCache
            start(call)
        case .directory: request.fail(.isDirectory)
        case .symlink: request.fail(.tooManySymbolicLinkLevels)
        case .hostDevice: request.fail(.noSuchAddressOrDevice)
        }
    }

    /// Counts a writer; in the isolation.
    /// - Returns: false if there is one already, and the caller is to look the attribute up again. Who comes back has
    ///   opened it through a descriptor, with no name to look up.
    private func mayWrite(_ inode: Inode, _ pid: Int32) -> Bool {
        guard inode.writers > 0, inode.sentAway != pid || pid == 0 else {
            inode.writers += 1
            inode.sentAway = 0
            return true
        }
        inode.sentAway = pid
        return false
    }

    private func openAttribute(
        _ call: Call, _ node: KernfsNode, _ inode: Inode?, _ reads: Bool, _ writes: Bool, isDirect: Bool
    ) async throws(Errno) -> Call.Outcome {
        node.kernel.trace.recordCall(node.kernel, .open(write: writes), path: node.path)
        let open = OpenAttribute(try await KernfsOpenFile(node, read: reads, write: writes), writesBy: inode)
        if isDirect { throw .invalidArgument }
        if call.isAbandoned { throw .interrupted }
        open.number = files.insert(open)
        return .opened(open, directIO: true, keepCache: false)
    }

    private func openDevice(
        _ call: Call, _ device: any DeviceFile, _ inode: Inode, writes: Bool, isDirect: Bool
    ) async throws(Errno) -> Call.Outcome {
        let kernel = system.kernel
        let opener = kernel.current.serial
        if let node = inode.node { kernel.trace.recordCall(kernel, .open(write: writes), path: node.path) }
        let handle = try await device.open(forWriting: writes)
        if call.isAbandoned {
            await handle.release()
            throw .interrupted
        }
        let open = OpenDevice(handle, inode, lateErrors(of: device), isDirect: isDirect, openedBy: opener)
        open.number = files.insert(open)
        zf_context_count_disks(context, 1)
        let generation = device.generation
        // What the kernel still has in its cache may be of a disk that was reset since; and a block device that its last
        // user has closed has no cache.
        let keeps = inode.opens > 0 && inode.generation == generation && !options.writebackCache
        inode.opens += 1
        inode.generation = options.writebackCache ? inode.generation : generation
        // With write-back the inode's size stays what it was: past it only direct I/O gets.
        let isSizeless = options.writebackCache && (device.size == 0 || inode.generation != generation)
        return .opened(open, directIO: isSizeless || device.bypassesCache, keepCache: keeps)
    }

    private func lateErrors(of device: any DeviceFile) -> LateErrors {
        let key = ObjectIdentifier(device)
        if let known = lateErrors[key] { return known }
        let new = LateErrors()
        lateErrors[key] = new
        return new
    }

    func release(_ request: consuming Request, _ handle: UInt64) {
        let file = OpenFile.handle(handle).takeRetainedValue()
        isolation.run { drop(file) }
        request.succeed()
    }

    /// Forgets an open file, and closes a device; in the isolation.
    func drop(_ file: OpenFile) {
        guard files.remove(file.number) != nil else { return }
        unlock(file)
        if let attribute = file as? OpenAttribute {
            stopPolling(attribute)
            attribute.inode?.writers -= 1
        }
        if let device = file as? OpenDevice { release(device) }
    }

    /// Closes a device in a task of its own; in the isolation.
    func release(_ device: OpenDevice) {
        guard !device.isGone else { return }
        device.invalidate()
        device.inode.opens -= 1
        system.kernel.spawn("fput") { [kernel = system.kernel] _ in
            kernel.trace.recordCall(kernel, .close, path: "", file: device.openedBy)
            await device.handle.release()
        }
        isolation.executor.drain()
        zf_context_count_disks(context, -1)
    }
}
