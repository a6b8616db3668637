import CFuse3
import CFuseShims
import KernelCore
import Kernfs
import Synchronization
import SystemPackage

/// Turns requests into tasks of the simulated kernel and answers into replies.
///
/// All state is touched in the isolation only; the constants alone are read elsewhere. The
/// methods named after requests are called by the workers, outside the isolation.
final class Bridge {
    let isolation: LiveIsolation
    let options: MountOptions
    let attendant: Attendant
    /// Does what blocks, for the mirror.
    let host = HostWorker()
    /// Whose callers may get signals; a leaf among the locks.
    let interrupts = Monitor(Interrupts())
    /// How many transfers are on threads of their own; nothing closes the connection before them.
    let aside = Monitor(0)
    /// Set before the mount is served, or never.
    var mirror: (any HostMirror)?
    /// The C side's record of the session: its owner, its workers.
    private(set) var context: OpaquePointer!
    /// The time that nodes show until somebody sets another.
    let birth = Clock.now

    // In the isolation:
    var system: any MountedSystem { didSet { kernel = system.kernel } }
    /// The system's kernel, looked at by each request: the system itself is weakly referenced, which makes each count of its
    /// references slow.
    private(set) var kernel: Kernel
    var inodes: InodeTable
    /// Calls whose callers wait, so that they can be interrupted.
    var calls = SlotTable<Call>()
    var files = SlotTable<OpenFile>()
    /// Open files that somebody polls, by node.
    var polled: [ObjectIdentifier: [OpenAttribute]] = [:]
    var lateErrors: [ObjectIdentifier: LateErrors] = [:]
    var locks = FileLocks()
    var lockTickets: UInt64 = 0
    var alarms = SlotTable<() -> Void>()
    var isClosed = false

    init(isolation: LiveIsolation, system: any MountedSystem, options: MountOptions) {
        self.isolation = isolation
        self.system = system
        kernel = system.kernel
        self.options = options
        attendant = Attendant()
        inodes = InodeTable(root: system.root.node, renewsDevices: options.writebackCache)
        context = zf_context_new(Unmanaged.passUnretained(self).toOpaque(), Callbacks.transfers)
        precondition(context != nil, "out of memory")
    }

    deinit { zf_context_free(context) }

    /// The bridge that libfuse's user data stands for.
    @inline(__always)
    static func of(_ request: fuse_req_t?) -> Bridge {
        owner(fuse_req_userdata(request))
    }

    /// The bridge that the loop knows.
    @inline(__always)
    static func transfers(_ owner: UnsafeMutableRawPointer?) -> Bridge {
        Unmanaged.fromOpaque(owner!).takeUnretainedValue()
    }

    @inline(__always)
    static func owner(_ context: UnsafeMutableRawPointer?) -> Bridge {
        Unmanaged.fromOpaque(zf_context_owner(OpaquePointer(context))!).takeUnretainedValue()
    }

    /// Takes over the hooks of the kernel that is shown now; in the isolation.
    func adopt() {
        system.kernel.nameOfProcess = { Processes.comm(of: $0) }
        system.kernel.groupOfProcess = { Processes.group(of: $0) }
        // The kernel keeps the bridge until `disown`, at the latest when the connection ends.
        system.kernel.alarm = { [self] nanoseconds, ring in
            attendant.post(alarm: alarms.insert(ring), after: nanoseconds)
        }
        system.kernel.onHost = { [self] work, done in
            let ticket = alarms.insert(done)
            HostThread.detach("host call") { [self] in
                work()
                isolation.leave { [self] in alarms.remove(ticket)?() }
            }
        }
        let before = system.root.onNotify
        system.root.onNotify = { [self] node in
            before?(node)
            tellPollers(of: node)
        }
    }

    /// Drops the hooks of a kernel that is no longer shown; in the isolation.
    private func disown() {
        system.kernel.alarm = nil
        system.kernel.onHost = nil
        system.kernel.nameOfProcess = nil
        system.kernel.groupOfProcess = nil
        system.root.onNotify = nil
        // One by one: who rings later must not ring for somebody else.
        alarms.removeAll()
        lateErrors = [:]
    }

    /// Shows another system: who waits is answered `EIO`, what is open is dead; in the isolation, with no task running.
    func reboot(to next: any MountedSystem) {
        abandonCalls()
        for file in files.elements { (file as? OpenDevice)?.invalidate() }
        tellAllPollers()
        disown()
        system.kernel.halt()
        system = next
        inodes.reboot(to: next.root.node)
        zf_context_forget_disks(context)
        adopt()
    }

    /// The connection has ended: nobody will release what is still open; in the isolation.
    func close() {
        isClosed = true
        abandonCalls()
        for waiter in locks.leaveAll() { isolation.afterwards { waiter.answer(.ioError) } }
        for case let device as OpenDevice in files.elements { release(device) }
        for file in files.elements { OpenFile.handle(UInt64(UInt(bitPattern: file.address))).release() }
        for poller in polled.values.joined() { poller.poller.take().map(fuse_pollhandle_destroy) }
        files = SlotTable()
        polled = [:]
        // Whoever sleeps now would never be woken: nobody rings any more.
        let rings = alarms.elements
        disown()
        for ring in rings { ring() }
    }

    private func abandonCalls() {
        for call in calls.elements { abandon(call, .ioError) }
    }
}

extension OpenFile {
    /// The value of the file handle, without a reference.
    var address: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }
}
