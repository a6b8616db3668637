import FuseBridge
import Glibc
import KernelCore
import Kernfs
import Testing

/// A mount of a `TestSystem`, served by a thread of its own; gone when the test is over, however it ends.
final class TestMount: @unchecked Sendable {
    // Unchecked: `system` is touched in the isolation only.
    let path: String
    let isolation = LiveIsolation()
    private(set) var system: TestSystem
    let mount: Mount
    private var thread = pthread_t()
    private var isJoined = false

    /// True if this host can mount.
    static var isPossible: Bool { access("/dev/fuse", R_OK | W_OK) == 0 && geteuid() == 0 }

    init(_ change: (inout MountOptions) -> Void = { _ in }) throws {
        var template = Array("/tmp/fusebridge-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
        var options = MountOptions(mountPoint: path, source: "test")
        change(&options)
        system = isolation.read { [isolation] in TestSystem(isolation) }
        mount = try Mount(isolation: isolation, system: system, options: options)
        thread = Self.start { [mount] in mount.run() }
        onReboot()
    }

    private func onReboot() {
        system.onReboot = { [unowned self] in
            system = TestSystem(isolation, firstInode: system.root.inodesUsed)
            mount.reboot(to: system)
            onReboot()
        }
    }

    deinit {
        mount.stop()
        join()
        isolation.run { system.kernel.halt() }
        rmdir(path)
    }

    /// Waits until the mount is no longer served.
    func join() {
        if !isJoined { pthread_join(thread, nil) }
        isJoined = true
    }

    subscript(_ name: String) -> String { path + "/" + name }

    /// What the system says now.
    func ask<R>(_ body: (TestSystem) -> R) -> R { isolation.read { body(system) } }

    /// Waits until it is so; a test's time limit ends it.
    func wait(until condition: (TestSystem) -> Bool) {
        while !ask(condition) { usleep(1000) }
    }

    /// Runs `body` on a new thread.
    static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { raw in
                Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        return thread
    }
}

extension Trait where Self == ConditionTrait {
    /// Only where file systems can be mounted.
    static var mounts: Self { .enabled(if: TestMount.isPossible, "needs root and /dev/fuse") }
}
