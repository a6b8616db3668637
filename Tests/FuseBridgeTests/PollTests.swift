import FuseBridge
import Glibc
import KernelCore
import Kernfs
import Testing

@Suite("Poll", .mounts, .serialized, .timeLimit(.minutes(1)))
struct PollTests {
    let mount: TestMount

    init() throws { mount = try TestMount() }

    private func poll(_ file: borrowing Client, _ milliseconds: Int32) -> Int32 {
        var wanted = pollfd(fd: file.descriptor, events: Int16(POLLPRI), revents: 0)
        _ = Glibc.poll(&wanted, 1, milliseconds)
        return Int32(wanted.revents)
    }

    @Test("there are news until the attribute was read, and again when it was notified")
    func news() throws {
        let file = try Client(mount["dir/value"])
        #expect(poll(file, 0) == POLLERR | POLLPRI)
        _ = try file.read(16, at: 0)
        #expect(poll(file, 20) == 0)
        let path = mount["dir/value"]
        let writer = TestMount.start {
            usleep(50_000)
            _ = try? Client(path, O_WRONLY).write("5")
        }
        #expect(poll(file, -1) == POLLERR | POLLPRI)
        pthread_join(writer, nil)
        #expect(try file.read(16, at: 0) == "5\n")
        #expect(poll(file, 20) == 0)
    }

    @Test("removal is news")
    func removal() throws {
        let file = try Client(mount["dir/victim"])
        _ = try file.read(16, at: 0)
        #expect(poll(file, 0) == 0)
        let path = mount["dir/remove"]
        let writer = TestMount.start {
            usleep(50_000)
            _ = try? Client(path, O_WRONLY).write("1")
        }
        #expect(poll(file, -1) == POLLERR | POLLPRI)
        pthread_join(writer, nil)
    }
}
