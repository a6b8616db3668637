import FuseBridge
import Glibc
import Synchronization
import Testing

@Suite("Detaching", .mounts, .serialized, .timeLimit(.minutes(1)))
struct DetachTests {
    let mount: TestMount

    init() throws { mount = try TestMount() }

    @Test("a lazy unmount under an open file is noticed, and the file goes on")
    func lazy() throws {
        try withExtendedLifetime(mount) {
            let flag = Flag()
            mount.mount.onDetached = { flag.set() }
            var file: Client? = try Client(mount["dir/value"], O_RDWR)
            #expect(umount2(mount.path, Int32(2)) == 0)
            flag.wait()
            #expect(try file!.read(16, at: 0) == "0\n")
            file = nil
            mount.join()
        }
    }

    @Test("an unmount ends run(); nothing is detached")
    func orderly() throws {
        let flag = Flag()
        mount.mount.onDetached = { flag.set() }
        #expect(try Client(mount["dir/value"]).read() == "0\n")
        #expect(umount2(mount.path, 0) == 0)
        mount.join()
        #expect(!flag.isSet)
    }

    @Test("a mount that somebody else made on top stays")
    func foreign() throws {
        let file = try Client(mount["dir/value"])
        #expect(umount2(mount.path, 2) == 0)
        #expect(Glibc.mount("none", mount.path, "tmpfs", 0, nil) == 0)
        mount.mount.stop()
        mount.join()
        _ = file.size
        #expect(umount2(mount.path, 0) == 0)
    }

    @Test("what cannot be mounted says why in one line")
    func errors() {
        for (path, code) in [("/nonexistent", MountError.Code.mountPoint), ("/etc/passwd", .mountPoint)] {
            #expect(failure(at: path)?.code == code)
        }
        #expect(failure(at: "/tmp", ["nonsense=1"])?.code == .options)
    }

    private func failure(at path: String, _ extra: [String] = []) -> MountError? {
        var options = MountOptions(mountPoint: path)
        options.extra = extra
        do throws(MountError) {
            let system = mount.ask { $0 }
            _ = try Mount(isolation: mount.isolation, system: system, options: options)
            return nil
        } catch {
            #expect(!error.description.contains("\n"))
            return error
        }
    }
}

/// Something that happens on another thread.
final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }

    func wait() {
        while !isSet { usleep(1000) }
    }
}
