import CFuseShims
import Glibc
import KernelCore
import Kernfs
import Synchronization

/// A mounted tree: FUSE requests in, tasks of the simulated kernel behind it.
///
/// Make one, call `run()` on a thread of your own, and unmount or call `stop()` from another.
public final class Mount: @unchecked Sendable {
    // Unchecked: the bridge's state belongs to the isolation; `session` is replaced only by `run()` when nobody else
    // can reach it any more, under `state`.
    private enum State {
        case mounted, serving, over
    }

    private let bridge: Bridge
    private var session: Session?
    private let state = Synchronization.Mutex<(now: State, isStopping: Bool)>((.mounted, false))
    private let detached = Synchronization.Mutex<(@Sendable () -> Void)?>(nil)

    /// Mounts the tree; it is served once `run()` is called. Until then who touches the mount waits.
    ///
    /// - Throws: `MountError`, one line that says what to do.
    ///
    /// The corresponding libfuse functions are `fuse_session_new` and `fuse_session_mount`.
    public init(
        isolation: LiveIsolation, system: any MountedSystem, options: MountOptions
    ) throws(MountError) {
        bridge = Bridge(isolation: isolation, system: system, options: options)
        session = try Session(options, context: bridge.context)
        isolation.run { bridge.adopt() }
    }

    /// Called on a thread of its own when the mount vanished from the mount table while the connection lives on for
    /// those who have something open: `umount -l`, `fusermount3 -uz`.
    public var onDetached: (@Sendable () -> Void)? {
        get { detached.withLock { $0 } }
        set { detached.withLock { $0 = newValue } }
    }

    /// What stands for the disks on the host; set it before `run()`.
    public var mirror: (any HostMirror)? {
        get { bridge.mirror }
        set { bridge.mirror = newValue }
    }

    /// Has the mirror follow what was done outside of any request; from any thread.
    public func followOnHost() {
        guard let mirror = bridge.mirror else { return }
        bridge.host.post { mirror.follow() }
    }

    /// Serves until the connection ends (unmount, abort) or `stop()`; blocks the calling thread.
    ///
    /// When it returns, all requests are answered, all disks are released and nothing is mounted any more.
    public func run() {
        let error = zf_interrupt_install()
        precondition(error == 0, "cannot install the signal that ends the loop: \(error)")
        let isFirst = state.withLock { state in
            guard case .mounted = state.now else { return false }
            state.now = .serving
            return true
        }
        guard isFirst, let session else { return }
        let helper = HostThread("attendant") { [bridge] in bridge.attendant.run(bridge) }
        let watch = session.device.map { [self] device in
            MountWatch(device: device, connection: session.descriptor) { self.onDetached?() }
        }
        if state.withLock({ $0.isStopping }) { askToStop() }
        session.serve(threads: bridge.options.threads)
        bridge.aside.wait(until: { _ in nil }) { $0 == 0 ? () : nil }
        bridge.host.end()
        bridge.attendant.end()
        helper.join()
        watch?.stop()
        bridge.isolation.run { bridge.close() }
        state.withLock { $0.now = .over }
        self.session = nil
    }

    /// Has `run()` return; from any thread. What is still mounted is detached, who still waits is answered `EIO`.
    public func stop() {
        let isServing = state.withLock { state in
            state.isStopping = true
            if case .serving = state.now { return true } else { return false }
        }
        guard isServing else { return }
        guard let mirror = bridge.mirror else { return askToStop() }
        bridge.host.post { [self] in
            mirror.end()
            askToStop()
        }
    }

    /// The workers look at the exit flag when they wake up; a signal may come between look and sleep, so that one is not
    /// enough.
    private func askToStop() {
        bridge.attendant.post(stop: { [self] in
            if case .serving = state.withLock({ $0.now }) { session?.exit() }
        })
    }

    /// Puts another system under the mount, in the isolation; if a task asks for it, then once no task is ready.
    ///
    /// Every request that waits is answered `EIO`, the old kernel is halted; files that are open give `ENODEV`, and
    /// names that were looked up before lead nowhere until they are looked up again.
    public func reboot(to system: any MountedSystem) {
        bridge.isolation.whenQuiet { [bridge] in bridge.reboot(to: system) }
    }

    /// Waits until disks that were closed before now are closed for the simulated kernel too: RELEASE is asynchronous.
    /// On the host as well, where loop devices stand for them.
    ///
    /// Not in the isolation. Stores do it by themselves.
    public func settle() {
        let connection = state.withLock { state -> Int32? in
            if case .serving = state.now { session?.descriptor } else { nil }
        }
        guard let connection else { return }
        // What was sent before now is read first; bounded, for others go on sending: a second.
        var wanted = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        for _ in 0..<1000 where poll(&wanted, 1, 0) > 0 && wanted.revents & Int16(POLLIN) != 0 { usleep(1000) }
        zf_settle(bridge.context)
        guard let mirror = bridge.mirror else { return }
        let looked = Monitor(false)
        bridge.host.post {
            mirror.look()
            looked.change { $0 = true }
        }
        let end = Clock.monotonic + 5_000_000_000
        looked.wait(until: { _ in end }, { $0 || Clock.monotonic >= end ? () : nil })
    }

    /// The name of a process of the host, from `/proc/PID/comm`; the number as text if it is gone.
    public func comm(of pid: Int32) -> String { Processes.comm(of: pid) }
}
