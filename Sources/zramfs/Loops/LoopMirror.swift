import DriverModel
import FuseBridge
import Glibc
import KernelCore
import Kernfs
import Machine
import Synchronization

/// Loop devices that stand for the disks on the host, so that what a program opens is a block device.
///
/// The host's kernel does not say who has a loop device open. It is asked when it matters, before reset, hot_remove and
/// rmmod: a device that can be detached is open to nobody but its keeper, and detaching drops what is cached. Those that somebody has open are opened in the
/// simulated kernel too, so that its own checks refuse.
final class LoopMirror: HostMirror, @unchecked Sendable {
    // Unchecked: `disks` and `open` belong to the isolation, `loops`, `keeper` and `next` to the bridge's host thread.
    private struct Loop {
        let id: Int
        let disk: Gendisk
        var size: UInt64
    }

    /// So many of the first disks are block devices even without a size, and so many are it at all: each costs the host
    /// a device and some milliseconds.
    private static let eager = 16
    private static let most = 256
    /// What asks who has a disk open, and what goes by which pages were read: those that the host has cached were not.
    private static let watched: Set = ["reset", "hot_remove", "delete_module", "idle", "writeback", "recompress"]

    private let isolation: LiveIsolation
    private let mountPoint: String
    private let behind = Atomic(false)
    private let isOver = Atomic(false)
    private var disks: [String: Gendisk] = [:]
    /// What somebody has open, and the task that opened it here.
    private var open: [ObjectIdentifier: (disk: Gendisk, opener: UInt32)] = [:]
    private var loops: [Loop] = []
    private var keeper: LoopKeeper?
    private var next = 1
    /// Told in the isolation why a disk has no block device.
    var onProblem: ((String) -> Void)?
    /// Called when the keeper has ended unasked: `follow` starts another.
    var onLoss: (@Sendable () -> Void)?

    init(isolation: LiveIsolation, mountPoint: String) {
        self.isolation = isolation
        self.mountPoint = mountPoint
    }

    /// Watches the disks of a machine, and no longer those of another; in the isolation.
    func watch(_ machine: Machine) {
        disks = [:]
        open = [:]
        behind.store(true, ordering: .sequentiallyConsistent)
        machine.core.onResize = { [weak self] disk in
            guard let self, disk.operations?.isOpenable ?? true else { return }
            if disk.isLive { disks[disk.name] = disk } else if disks[disk.name] === disk { disks[disk.name] = nil }
            behind.store(true, ordering: .sequentiallyConsistent)
        }
    }

    func matters(to node: KernfsNode) -> Bool { Self.watched.contains(node.name) }

    var isBehind: Bool { behind.load(ordering: .sequentiallyConsistent) }

    func follow() {
        guard !isOver.load(ordering: .sequentiallyConsistent) else { return }
        guard behind.exchange(false, ordering: .sequentiallyConsistent) else { return }
        forgetIfGone()
        let wanted = isolation.read { mirrored }
        let kept = Set(wanted.map(ObjectIdentifier.init))
        for loop in loops where !kept.contains(ObjectIdentifier(loop.disk)) {
            ask("detach \(loop.id)")
            isolation.run { loop.disk.hostNumber = nil }
        }
        loops.removeAll { !kept.contains(ObjectIdentifier($0.disk)) }
        let there = Set(loops.map { ObjectIdentifier($0.disk) })
        for disk in wanted where !there.contains(ObjectIdentifier(disk)) { attach(disk) }
        for place in loops.indices { resize(&loops[place]) }
    }

    /// The disks that are to be block devices; in the isolation.
    private var mirrored: [Gendisk] {
        let all = disks.values.sorted { ($0.number.minor, $0.name) < ($1.number.minor, $1.name) }
        let wanted = all.enumerated().filter { $0.offset < Self.eager || $0.element.capacity > 0 }
        return wanted.prefix(Self.most).map(\.element)
    }

    func look() {
        forgetIfGone()
        let names = loops.map { "\($0.id)=\($0.disk.name)" }.joined(separator: " ")
        guard !loops.isEmpty, let answer = ask("look \(names)") else { return }
        let numbers = Set(answer.compactMap { Int($0) })
        let busy = Set(loops.filter { numbers.contains($0.id) }.map { ObjectIdentifier($0.disk) })
        let lost = loops.filter { numbers.contains(-$0.id) }
        loops.removeAll { numbers.contains(-$0.id) }
        let attached = loops.map(\.disk)
        isolation.run {
            for loop in lost { loop.disk.hostNumber = nil }
            for disk in attached where busy.contains(ObjectIdentifier(disk)) != (open[ObjectIdentifier(disk)] != nil) {
                setOpen(disk, busy.contains(ObjectIdentifier(disk)))
            }
        }
    }

    /// The mount is about to end, and still answers: detaches all devices.
    func end() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        keeper?.end()
        loops = []
    }

    /// In a task of its own: opening and closing take `open_mutex`.
    private func setOpen(_ disk: Gendisk, _ isOpen: Bool) {
        let key = ObjectIdentifier(disk)
        let kernel = disk.kernel
        kernel.spawn("loop") { [weak self] task in
            if !isOpen {
                kernel.trace.recordCall(kernel, .close, path: "", file: self?.open.removeValue(forKey: key)?.opener)
                await disk.release()
            } else {
                kernel.trace.recordCall(kernel, .open(write: true), path: "/dev/\(disk.name)")
                if (try? await disk.open()) != nil { self?.open[key] = (disk, task.serial) }
            }
        }
    }

    /// Attaches a loop device to the disk; without one it stays a file.
    private func attach(_ disk: Gendisk) {
        let id = next
        next += 1
        let answer = ask("attach \(id) \(disk.name)") ?? ["!", "\(EPIPE)"]
        if answer.count == 2, let major = Int(answer[0]), let minor = Int(answer[1]) {
            loops.append(Loop(id: id, disk: disk, size: isolation.read { disk.backing.size }))
            return isolation.run { disk.hostNumber = (major, minor) }
        }
        let why = String(cString: strerror(answer.count == 2 ? Int32(answer[1]) ?? EIO : EIO))
        isolation.run {
            disk.hostNumber = nil
            // One that has gone meanwhile needs none.
            if disk.isLive { onProblem?("zramfs: \(disk.name): no loop device, it stays a file: \(why)") }
        }
    }

    private func resize(_ loop: inout Loop) {
        let size = isolation.read { [disk = loop.disk] in disk.backing.size }
        guard size != loop.size else { return }
        loop.size = size
        ask("resize \(loop.id) \(loop.disk.name)")
    }

    /// The devices of a keeper that has ended are gone, or will be when those close them who have them open.
    private func forgetIfGone() {
        guard let keeper, keeper.isGone else { return }
        self.keeper = nil
        let lost = loops.map(\.disk)
        loops = []
        behind.store(true, ordering: .sequentiallyConsistent)
        isolation.run { for disk in lost { disk.hostNumber = nil } }
    }

    @discardableResult
    private func ask(_ line: String) -> [Substring]? {
        if keeper == nil {
            keeper = LoopKeeper(mountPoint) { [weak self] in
                self?.behind.store(true, ordering: .sequentiallyConsistent)
                self?.onLoss?()
            }
        }
        return keeper?.ask(line)
    }
}
