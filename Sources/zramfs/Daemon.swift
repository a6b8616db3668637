import FuseBridge
import Glibc
import KernelCore
import KernelModule
import Kernfs
import Machine
import PageStore
import SystemPackage
import Zram

extension Machine: MountedSystem {}

/// The process behind a mount: the image, the simulated machine, the FUSE session, and their end.
final class Daemon: @unchecked Sendable {
    // Unchecked: `machine` and what belongs to it is touched only in `isolation`; the rest is set once, before `run`.
    private let image: Image
    private let memory: ImageMemory
    private let isolation = LiveIsolation()
    private let configuration: MachineConfiguration
    private let log: DaemonLog
    private let readyDescriptor: Int32?
    private let mountPoint: String
    private let isPrivate: Bool
    private var machine: Machine
    private var mount: Mount!
    private var utab: Utab?
    private var mirror: LoopMirror?

    /// Opens the image, boots the machine and mounts it.
    ///
    /// - Throws: `Failure`, a line that says what to do.
    init(
        image path: String?, mountPoint: String, options: ParsedMountOptions, debug: Bool, readyDescriptor: Int32?
    ) throws {
        do throws(ImageError) {
            if let path, options.keeps {
                image = try Self.kept(path)
            } else if let path {
                image = try Image(creating: path)
            } else {
                image = try Image(temporary: Host.temporaryFolder)
            }
        } catch {
            throw Failure(error.description, .usage)
        }
        if let readyDescriptor { _ = fcntl(readyDescriptor, F_SETFD, FD_CLOEXEC) }
        self.mountPoint = mountPoint
        isPrivate = options.isPrivate
        self.readyDescriptor = readyDescriptor
        memory = ImageMemory(image)
        var configuration = options.machine
        configuration.tools = Host.program
        for disk in image.keptDisks {
            guard disk.disk.hasPrefix("zram"), let number = Int(disk.disk.dropFirst(4)) else { continue }
            configuration.devices = max(configuration.devices, number + 1)
        }
        self.configuration = configuration
        log = try DaemonLog(file: options.logFile, foreground: readyDescriptor == nil)
        machine = try Machine(configuration, mode: .live, executor: isolation.executor, memory: memory)
        image.onDamage { [weak self] in self?.damaged($0, $1, $2) }
        Signals.block()
        if options.usesLoops {
            mirror = LoopMirror(isolation: isolation, mountPoint: mountPoint)
            mirror?.onLoss = { [weak self] in self?.mount.followOnHost() }
        }
        wire(machine)
        isolation.run { machine.boot() }
        var mountOptions = MountOptions(mountPoint: mountPoint, source: path ?? "zramfs")
        mountOptions.allowOther = options.allowOther ?? (getuid() == 0)
        mountOptions.debug = debug
        mountOptions.extra = options.fuse
        do throws(MountError) {
            mount = try Mount(isolation: isolation, system: machine, options: mountOptions)
        } catch {
            end()
            throw Failure(error.description)
        }
        if !options.isPrivate { utab = Utab(source: mountOptions.source, mountPoint: mountPoint) }
    }

    /// Opens an image that keeps its disks; says how far it is if that takes long.
    private static func kept(_ path: String) throws(ImageError) -> Image {
        var options = TableOptions()
        options.tracksAccess = true
        let progress = ImageProgress("searching \(path)")
        defer { progress.end() }
        return try Image.keeping(path, options: options) { progress.show($0, $1) }
    }

    /// A record of the image is not what was written; its reader gets `EIO`. On the thread that reads.
    private func damaged(_ disk: String, _ page: UInt64, _ offset: UInt64) {
        // Not `run`: it may be a task of the kernel's own that reads, to recompress the page.
        isolation.leave { [self] in
            machine.kernel.log.print(.error, "zram: \(disk): page \(page) is damaged, at byte \(offset) of the image")
        }
    }

    /// Serves until the mount is gone; then runs what is left of the module's exit and closes the image.
    func run() {
        mount.mirror = mirror
        mount.onDetached = { [weak self] in
            self?.removeModule("umount", force: true)
            // Loop devices, too, keep the connection.
            self?.mount.followOnHost()
        }
        Signals.handle { [weak self] count in self?.signalled(count) }
        if let readyDescriptor { Background.ready(readyDescriptor) }
        mount.run()
        // Nobody looks any more, and the image has no name.
        if isPrivate { exit(ExitStatus.done.rawValue) }
        removeModule("umount")
        end()
    }

    /// Ends with whoever has the other end of a pipe, `zramfs run`: then nobody wants the mount any more.
    ///
    /// What is left of the run goes first, for it is in use of the disks.
    func watch(owner descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        let base = FilePath(mountPoint).removingLastComponent().string
        Thread.start { [self] in
            var byte: UInt8 = 0
            while read(descriptor, &byte, 1) < 0, errno == EINTR {}
            NamespaceMembers(of: base).kill()
            mount.stop()
        }
    }

    /// What a machine needs of its host.
    private func wire(_ machine: Machine) {
        let log = log
        machine.kernel.log.onLine = { log.write($0) }
        mirror?.onProblem = { [weak machine] in machine?.kernel.log.print(.warning, $0) }
        mirror?.watch(machine)
        machine.onReboot = { [weak self] in self?.reboot() }
    }

    /// `echo b > sysrq-trigger`: a fresh machine under the same mount, once the task that asked has ended.
    private func reboot() {
        isolation.whenQuiet { [self] in
            var next = configuration
            next.patches = machine.configuration.patches
            ZramDriver.powerOff(machine.kernel)
            guard
                let fresh = try? Machine(
                    next, mode: .live, executor: isolation.executor, memory: memory, firstInode: machine.root.inodesUsed
                )
            else { return }
            machine = fresh
            wire(fresh)
            mount.reboot(to: fresh)
            fresh.boot()
            mount.followOnHost()
        }
    }

    /// Module removal, if a module is left; what blocks it is in the log.
    ///
    /// - Parameter force: after `umount -l` no pin counts: the module's exit runs while operations are in flight.
    private func removeModule(_ name: String, force: Bool = false) {
        isolation.run {
            let machine = machine
            machine.kernel.spawn(name) { _ in
                do throws(Errno) {
                    try await machine.modules.delete("zram", force: force)
                } catch {
                    if error != .noSuchFileOrDirectory, !machine.kernel.isHalting {
                        machine.kernel.log.print(.warning, "zramfs: module zram stays: \(error)")
                    }
                }
            }
        }
    }

    /// The first SIGINT or SIGTERM removes the module and unmounts, the second ends the daemon at once.
    private func signalled(_ count: Int) {
        if count > 1 {
            umount2(mountPoint, Int32(MNT_DETACH))
            utab?.remove()
            image.close(clean: false)
            exit(ExitStatus.failed.rawValue)
        }
        // Whoever has closed a disk before the signal has closed it, though FUSE tells of it later.
        mount.settle()
        isolation.run {
            let machine = machine
            machine.kernel.spawn("umount") { [weak self] _ in
                do throws(Errno) {
                    try await machine.modules.delete("zram")
                } catch {
                    guard error == .noSuchFileOrDirectory else {
                        machine.kernel.log.print(.warning, "zramfs: target is busy: \(error); a second signal ends it")
                        return
                    }
                }
                guard let self, !machine.kernel.isHalting else { return }
                self.isolation.afterwards { self.mount.stop() }
            }
        }
    }

    private func end() {
        isolation.run {
            if image.isCutOff {
                machine.kernel.log.print(.error, "zramfs: \(image.path) was cut off while in use, and is damaged")
            }
            ZramDriver.powerOff(machine.kernel)
            machine.kernel.halt()
        }
        image.close(clean: true)
        utab?.remove()
    }
}
