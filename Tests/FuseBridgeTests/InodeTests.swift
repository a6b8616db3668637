import Glibc
import SystemPackage
import Testing

@testable import FuseBridge

/// What the host's kernel does by inodes: locks, and watches; and the stores that must not be in one.
@Suite("One inode for an attribute", .mounts, .serialized, .timeLimit(.minutes(1)))
struct InodeTests {
    let mount: TestMount

    init() throws { mount = try TestMount() }

    private func lock(_ file: borrowing Client, _ operation: Int32) -> Errno? {
        flock(file.descriptor, operation) == 0 ? nil : Errno(rawValue: errno)
    }

    @Test("flock: one at a time, though each writer has an inode of his own")
    func locks() throws {
        let path = mount["dir/value"]
        for flags in [O_RDONLY, O_WRONLY, O_RDWR] {
            let first = try Client(path, flags)
            let second = try Client(path, flags)
            #expect(lock(first, LOCK_EX | LOCK_NB) == nil)
            #expect(lock(second, LOCK_EX | LOCK_NB) == .resourceTemporarilyUnavailable)
            #expect(lock(second, LOCK_SH | LOCK_NB) == .resourceTemporarilyUnavailable)
            #expect(lock(first, LOCK_SH | LOCK_NB) == nil)
            #expect(lock(second, LOCK_SH | LOCK_NB) == nil)
            #expect(lock(first, LOCK_EX | LOCK_NB) == .resourceTemporarilyUnavailable)
        }
        // Closed, all of them.
        let last = try Client(path)
        #expect(lock(last, LOCK_EX | LOCK_NB) == nil)
    }

    @Test("flock: who waits gets it when the other closes")
    func waiting() throws {
        let path = mount["dir/value"]
        let second = try Client(path)
        let descriptor = second.descriptor
        do {
            let first = try Client(path, O_WRONLY)
            #expect(lock(first, LOCK_EX) == nil)
            let order = Monitor<[String]>([])
            let waiter = TestMount.start {
                flock(descriptor, LOCK_EX)
                order.change { $0.append("second") }
            }
            usleep(50_000)
            order.change { $0.append("first") }
            #expect(lock(first, LOCK_UN) == nil)
            pthread_join(waiter, nil)
            #expect(order.change { $0 } == ["first", "second"])
        }
    }

    @Test("an inotify watch sees who opens, writes and closes")
    func watches() throws {
        let events = inotify_init1(Int32(IN_NONBLOCK))
        defer { close(events) }
        #expect(inotify_add_watch(events, mount["dir/value"], 0xfff) > 0)
        try Client(mount["dir/value"], O_WRONLY | O_TRUNC).write("5\n")
        _ = try Client(mount["dir/value"]).read()
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = max(0, read(events, &bytes, bytes.count))
        let masks = stride(from: 0, to: count, by: 16).map { place in
            bytes[place + 4..<place + 8].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        // IN_OPEN, IN_MODIFY, IN_CLOSE_WRITE, IN_ACCESS, IN_CLOSE_NOWRITE.
        for wanted in [0x20, 0x2, 0x8, 0x1, 0x10] as [UInt32] { #expect(masks.contains(wanted), "\(wanted)") }
    }
}
