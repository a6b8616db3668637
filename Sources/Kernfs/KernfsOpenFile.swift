import KernelCore
import KernelModule
import SystemPackage

/// One open attribute file. The kernel's `struct kernfs_open_file`.
public final class KernfsOpenFile {
    /// Bytes of a page: the most that one store takes and one show gives.
    public static let page = 4096

    /// The file's node.
    public let node: KernfsNode
    /// How it was opened.
    public let access: (read: Bool, write: Bool)
    /// The task that opened it, by number.
    public let openedBy: UInt32
    /// An oops has killed a task in here, which keeps the file's mutex: who outlived it, and shares the file, gets `EIO`
    /// instead of waiting for good. Live machines only.
    public var isBroken = false
    private let ops: any KernfsOps
    private let mutex: Mutex
    private var shown = ""
    private var position = 0
    private var isShown = false
    private var event: UInt64 = 0

    /// Opens an attribute for reading, writing or both.
    ///
    /// - Throws: `EACCES` if the mode has no bit at all for the direction, even for root; `ENODEV` if the node is being
    ///   removed.
    ///
    /// The corresponding kernel function is `kernfs_fop_open`.
    public init(_ node: KernfsNode, read: Bool, write: Bool) async throws(Errno) {
        guard case .attribute(let ops) = node.kind else { throw .invalidArgument }
        self.node = node
        self.ops = ops
        access = (read, write)
        openedBy = node.kernel.current.serial
        mutex = Mutex(
            kernel: node.kernel, lockClass: node.root.openFileClass, name: "&of->mutex", point: "of_mutex",
            sharing: node)
        if !ops.isControl {
            node.kernel.enter("kernfs_fop_open")
            defer { node.kernel.leave() }
            guard let active = await node.getActive() else {
                throw ops.isDebugfs ? .noSuchFileOrDirectory : .noSuchDevice
            }
            let denied = write && node.mode & 0o222 == 0 || read && node.mode & 0o444 == 0
            await active.put()
            if denied { throw .permissionDenied }
        } else if write && node.mode & 0o222 == 0 || read && node.mode & 0o444 == 0 {
            throw .permissionDenied
        }
    }

    /// Reads the attribute: show runs once at offset 0, later offsets are served from what it gave.
    ///
    /// - Throws: `ENODEV` once the node is being removed, unless unread bytes of an earlier show are left; what show
    ///   threw.
    ///
    /// The corresponding kernel function is `kernfs_fop_read_iter` over `seq_read_iter`.
    public func read(at offset: Int, count: Int) async throws(Errno) -> KernfsText {
        if isBroken { throw .ioError }
        node.kernel.enter("kernfs_fop_read_iter")
        defer { node.kernel.leave() }
        if offset == 0 || offset != position {
            shown = try await show()
            position = offset
        } else if offset >= shown.utf8.count {
            try await visit()
        }
        let size = shown.utf8.count
        guard offset < size else { return KernfsText("", 0..<0) }
        let end = size - offset > count ? offset + count : size
        position = end
        return KernfsText(shown, offset..<end)
    }

    /// Writes the attribute: one store of at most a page.
    ///
    /// - Returns: how many bytes the store took.
    /// - Throws: `ENODEV` once the node is being removed; what store threw.
    ///
    /// The corresponding kernel function is `kernfs_fop_write_iter`.
    public func write(_ bytes: [UInt8]) async throws(Errno) -> Int {
        if bytes.isEmpty { return 0 }
        if isBroken { throw .ioError }
        if ops.isControl { return try await ops.store(bytes) }
        node.kernel.enter("kernfs_fop_write_iter")
        defer { node.kernel.leave() }
        let faults = node.root.faults
        await faults.mayWait(.atStart)
        let bytes = bytes.count > Self.page ? Array(bytes[..<Self.page]) : bytes
        await faults.mayWait(.beforeMutex)
        let active = try await begin(.afterMutex)
        await faults.mayWait(.afterActive)
        do throws(Errno) {
            node.noteBegin("store")
            let taken = try await ops.store(bytes)
            node.noteEnd("store", nil)
            await end(active)
            return taken
        } catch {
            node.noteEnd("store", error)
            await end(active)
            throw error
        }
    }

    /// True if closing it is of any consequence.
    public var isReleased: Bool { ops.isDebugfs }

    /// Closes the file. A module that has gone without its open files, as those of debugfs allow, is called into all the
    /// same.
    ///
    /// The corresponding kernel functions are `kernfs_fop_release` and `full_proxy_release`.
    public func close() async { await ops.release() }

    /// True if the attribute was notified since it was read last, or is gone: `POLLERR | POLLPRI`.
    ///
    /// The corresponding kernel function is `kernfs_fop_poll`.
    public var hasNews: Bool { !node.isActive || event != node.event }

    /// All that later reads and writes depend on, beside their offset.
    public var fingerprint: UInt64 {
        let access = UInt64((access.read ? 2 : 0) | (access.write ? 1 : 0))
        return mix(mix(UInt64(node.id) << 2 | access, shown.fingerprint), UInt64(bitPattern: Int64(position)))
    }

    @inline(__always)
    private func show() async throws(Errno) -> String {
        if ops.isControl {
            event = node.event
            return try await ops.show()
        }
        let active = try await begin()
        event = node.event
        do throws(Errno) {
            node.noteBegin("show")
            let text = try await ops.show()
            node.noteEnd("show", nil)
            await end(active)
            return text
        } catch {
            node.noteEnd("show", error)
            await end(active)
            throw error
        }
    }

    /// A read at the end: takes the locks as seq_start does, so that removal shows.
    private func visit() async throws(Errno) {
        if !ops.isControl { await end(try await begin()) }
    }

    /// Takes the file's mutex and an active reference. Not a scope with a body: this is the hottest path of a mount,
    /// and each closure that is awaited costs as much as a step.
    @inline(__always)
    private func begin(_ place: KernfsFaults.Place? = nil) async throws(Errno) -> ActiveReference {
        await mutex.lock()
        if let place { await node.root.faults.mayWait(place) }
        if let active = await node.getActive() { return active }
        await mutex.unlock()
        throw ops.isDebugfs ? .ioError : .noSuchDevice
    }

    @inline(__always)
    private func end(_ active: consuming ActiveReference) async {
        await active.put()
        await mutex.unlock()
    }
}

extension KernfsNode {
    /// For who wants to know what attributes did.
    @inline(__always)
    fileprivate func noteBegin(_ method: String) {
        if let coverage = kernel.coverage { coverage.begins(name, method) }
    }

    @inline(__always)
    fileprivate func noteEnd(_ method: String, _ error: Errno?) {
        guard let coverage = kernel.coverage, !kernel.isHalting else { return }
        coverage.ended(name, method, error.map { "\($0)" } ?? "done")
    }

    /// Tells pollers that the attribute changed. The kernel's `kernfs_notify`.
    public func notify() {
        event += 1
        root.onNotify?(self)
    }
}
