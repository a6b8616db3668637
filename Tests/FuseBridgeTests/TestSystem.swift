import FuseBridge
import KernelCore
import Kernfs
import SystemPackage

/// A small tree that has one of everything.
final class TestSystem: MountedSystem {
    let kernel: Kernel
    let root: KernfsRoot
    let disk = TestDisk()
    /// Held by a task until `isOpen`; `stuck` waits for it.
    let lock: KernelCore.Mutex
    private let gate: WaitQueue
    private var isOpen = false
    var value = "0"
    var stores: [[UInt8]] = []
    var shows = 0
    var onReboot: (() -> Void)?

    /// Call it in the isolation.
    init(_ isolation: LiveIsolation, firstInode: UInt64 = 1) {
        kernel = Kernel(mode: .live, executor: isolation.executor)
        root = KernfsRoot(kernel: kernel, firstInode: firstInode)
        lock = KernelCore.Mutex(kernel: kernel, name: "lock")
        gate = WaitQueue(kernel: kernel, name: "gate")
        shut()
        do {
            try fill()
        } catch {
            fatalError("\(error)")
        }
    }

    /// Lets those on who wait in `stuck`.
    func letOn() {
        isOpen = true
        gate.wakeWaiters()
    }

    /// Takes the lock again, so that the next ones wait.
    func shut() {
        isOpen = false
        kernel.spawn("holder") { [unowned self] _ in
            await lock.lock()
            await gate.wait { self.isOpen }
            await lock.unlock()
        }
    }

    private func fill() throws(Errno) {
        let directory = try root.makeDirectory("dir", in: root.node)
        let dev = try root.makeDirectory("dev", in: root.node)
        try root.makeLink("link", in: root.node, to: "dir/value")
        try root.makeDevice("disk", in: dev, mode: 0o660, file: disk)
        try fillValues(directory)
        try root.makeFile(
            "stuck", in: directory, mode: 0o200,
            ops: TestOps(store: { [unowned self] bytes in
                await lock.withLock {}
                return bytes.count
            }))
        try root.makeFile(
            "size", in: directory, mode: 0o644,
            ops: TestOps(store: { [unowned self] bytes in
                disk.setSize(Int(text(bytes)) ?? 0)
                return bytes.count
            }))
        try root.makeFile(
            "reset", in: directory, mode: 0o200,
            ops: TestOps(store: { [unowned self] bytes async throws(Errno) in
                try disk.reset()
                return bytes.count
            }))
        let victim = try root.makeFile("victim", in: directory, mode: 0o644, ops: TestOps(show: { "here\n" }))
        try root.makeFile(
            "remove", in: directory, mode: 0o200,
            ops: TestOps(store: { [unowned self] bytes in
                await root.remove(victim)
                return bytes.count
            }))
        try root.makeFile(
            "boot", in: root.node, mode: 0o200,
            ops: TestOps(
                isControl: true,
                store: { [unowned self] bytes in
                    onReboot?()
                    return bytes.count
                }))
    }

    private func fillValues(_ directory: KernfsNode) throws(Errno) {
        try root.makeFile(
            "value", in: directory, mode: 0o644,
            ops: TestOps(
                show: { [unowned self] in
                    shows += 1
                    return value + "\n"
                },
                store: { [unowned self] bytes async throws(Errno) in
                    stores.append(bytes)
                    let new = text(bytes)
                    if new == "bad" { throw .invalidArgument }
                    value = new
                    root.find("/dir/value")?.notify()
                    return bytes.count
                }))
        try root.makeFile("shown", in: directory, mode: 0o444, ops: TestOps(show: { "shown\n" }))
        try root.makeFile(
            "long", in: root.node, mode: 0o644,
            ops: TestOps(
                isControl: true,
                show: {
                    String(repeating: "0123456789abcde\n", count: 1000)
                }, store: { $0.count }))
    }

    private func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    }
}
