import CRunShims
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
/// rmmod: a device that can be detached is open to nobody but us. Those that somebody has open are opened in the
/// simulated kernel too, so that its own checks refuse.
final class LoopMirror: HostMirror, @unchecked Sendable {
    // Unchecked: `disks` and `open` belong to the isolation, `loops` to the bridge's host thread.
    private struct Loop {
        let number: Int32
        let descriptor: Int32
        let disk: Gendisk
        var size: UInt64
    }

    private let isolation: LiveIsolation
    private let mountPoint: String
    private let behind = Atomic(false)
    private var disks: [String: Gendisk] = [:]
    /// What somebody has open, and the task that opened it here.
    private var open: [ObjectIdentifier: (disk: Gendisk, opener: UInt32)] = [:]
    private var loops: [Loop] = []
    /// Told in the isolation why a disk has no block device.
    var onProblem: ((String) -> Void)?

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

    func matters(to node: KernfsNode) -> Bool { ["reset", "hot_remove", "delete_module"].contains(node.name) }

    var isBehind: Bool { behind.load(ordering: .sequentiallyConsistent) }

    func follow() {
        guard behind.exchange(false, ordering: .sequentiallyConsistent) else { return }
        let wanted = isolation.read { disks.values.sorted { $0.name < $1.name } }
        for loop in loops where !wanted.contains(where: { $0 === loop.disk }) { detach(loop) }
        loops.removeAll { loop in !wanted.contains { $0 === loop.disk } }
        for disk in wanted where !loops.contains(where: { $0.disk === disk }) { attach(disk) }
        for place in loops.indices { resize(&loops[place]) }
    }

    func look() {
        var busy: Set<ObjectIdentifier> = []
        for loop in loops {
            if zr_loop_detach(loop.descriptor) == 0 {
                loops.removeAll { $0.disk === loop.disk }
                close(loop.descriptor)
                attach(loop.disk, again: loop.number)
            } else {
                busy.insert(ObjectIdentifier(loop.disk))
            }
        }
        let attached = loops.map(\.disk)
        isolation.run {
            for disk in attached where busy.contains(ObjectIdentifier(disk)) != (open[ObjectIdentifier(disk)] != nil) {
                setOpen(disk, busy.contains(ObjectIdentifier(disk)))
            }
        }
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
    private func attach(_ disk: Gendisk, again number: Int32? = nil) {
        let backing = Glibc.open("\(mountPoint)/view/backing/\(disk.name)", O_RDWR | O_CLOEXEC)
        guard backing >= 0 else { return }
        defer { close(backing) }
        // Somebody else may take the free one first.
        var candidate = number ?? zr_loop_free()
        for _ in 0..<16 where candidate >= 0 {
            let descriptor = Glibc.open("/dev/loop\(candidate)", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { break }
            if zr_loop_attach(descriptor, backing, 4096) == 0 {
                loops.append(Loop(number: candidate, descriptor: descriptor, disk: disk, size: sizeOfBacking(disk)))
                var major: UInt32 = 0
                var minor: UInt32 = 0
                zr_device_number(descriptor, &major, &minor)
                isolation.run { disk.hostNumber = (Int(major), Int(minor)) }
                return
            }
            let error = errno
            close(descriptor)
            guard error == EBUSY else { break }
            candidate = zr_loop_free()
        }
        let why = String(cString: strerror(errno))
        isolation.run {
            disk.hostNumber = nil
            onProblem?("zramfs: \(disk.name): no loop device, it stays a file: \(why)")
        }
    }

    private func detach(_ loop: Loop) {
        _ = zr_loop_detach(loop.descriptor)
        close(loop.descriptor)
        isolation.run { loop.disk.hostNumber = nil }
    }

    private func resize(_ loop: inout Loop) {
        let size = sizeOfBacking(loop.disk)
        guard size != loop.size else { return }
        loop.size = size
        _ = zr_loop_resize(loop.descriptor)
    }

    /// Asks the file, which tells the host's kernel too: the loop device believes what that knows.
    private func sizeOfBacking(_ disk: Gendisk) -> UInt64 {
        var status = stat()
        return stat("\(mountPoint)/view/backing/\(disk.name)", &status) == 0 ? UInt64(status.st_size) : 0
    }
}
