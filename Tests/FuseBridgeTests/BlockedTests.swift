import FuseBridge
import Glibc
import KernelCore
import SystemPackage
import Testing

@Suite("Blocked callers", .mounts, .serialized, .timeLimit(.minutes(1)))
struct BlockedTests {
    let mount: TestMount

    init() throws { mount = try TestMount() }

    @Test("stores on one attribute run side by side, and end when they can")
    func sideBySide() {
        let writers = (0..<2).map { _ in Writer(mount["dir/stuck"]) }
        mount.wait { $0.blocked == 2 }
        #expect(writers.allSatisfy { !$0.isDone })
        mount.isolation.run { mount.system.letOn() }
        #expect(writers.allSatisfy { $0.result == nil })
    }

    @Test("a task that blocks has its caller's name and pid")
    func names() throws {
        let child = try Child(["/bin/sh", "-c", "echo 1 > \(mount["dir/stuck"])"])
        mount.wait { $0.blocked == 1 }
        let task = mount.ask { $0.kernel.tasks.last! }
        #expect(task.name == "sh" && task.pid == child.pid)
        #expect(mount.mount.comm(of: child.pid) == "sh")
        kill(child.pid, SIGKILL)
        #expect(child.wait() == SIGKILL)
        #expect(mount.ask { $0.blocked } == 1)
        #expect(task.name == "sh")
    }

    @Test("a signal gets a blocked caller out at once; the task stays, and its late result is dropped")
    func signal() {
        let writer = Writer(mount["dir/stuck"])
        mount.wait { $0.blocked == 1 }
        writer.signal()
        #expect(writer.result == .interrupted)
        #expect(mount.ask { $0.kernel.tasks.last!.hasSignal && $0.blocked == 1 })
        mount.isolation.run { mount.system.letOn() }
        #expect(mount.ask(\.kernel.tasks.count) == 0)
    }

    @Test("Ctrl-C ends a blocked program", arguments: [SIGINT, SIGKILL])
    func controlC(_ signal: Int32) throws {
        let child = try Child(["/bin/sh", "-c", "echo 1 > \(mount["dir/stuck"])"])
        mount.wait { $0.blocked == 1 }
        kill(child.pid, signal)
        #expect(child.wait() == signal)
    }

    @Test("a shell whose background job ends stays where it is; Ctrl-C still gets it out", arguments: [false, true])
    func harmlessSignals(_ interrupts: Bool) throws {
        // bash, for it handles SIGCHLD; the shell's own write is in the kernel when the job ends.
        let child = try Child(["/bin/bash", "-c", "sleep 0.1 & echo 1 > \(mount["dir/stuck"])"])
        mount.wait { $0.blocked == 1 }
        usleep(300_000)
        #expect(!child.hasEnded)
        if interrupts { kill(child.pid, SIGINT) } else { mount.isolation.run { mount.system.letOn() } }
        #expect(child.wait() == (interrupts ? SIGINT : 0))
    }

    @Test("signals and results that cross each other are answered once")
    func crossing() {
        for _ in 0..<50 {
            let writers = (0..<8).map { _ in Writer(mount["dir/stuck"]) }
            mount.wait { $0.blocked == 8 }
            let other = TestMount.start { [mount] in mount.isolation.run { mount.system.letOn() } }
            for writer in writers { writer.signal() }
            for writer in writers { #expect([nil, .interrupted].contains(writer.result)) }
            pthread_join(other, nil)
            mount.wait { $0.kernel.tasks.isEmpty }
            mount.isolation.run { mount.system.shut() }
        }
    }

    @Test("a reboot answers who waits with EIO, and a fresh tree stands under the mount")
    func reboot() throws {
        let old = try Client(mount["dir/value"], O_RDWR)
        try old.write("7")
        let writers = (0..<3).map { _ in Writer(mount["dir/stuck"]) }
        mount.wait { $0.blocked == 3 }
        let inode = try status(mount["dir/value"]).st_ino
        #expect(try Client(mount["boot"], O_WRONLY).write("b") == 1)
        #expect(writers.allSatisfy { $0.result == .ioError })
        #expect(throws: Errno.noSuchDevice) { try old.read(16, at: 0) }
        #expect(throws: Errno.noSuchDevice) { try old.write("8") }
        #expect(try Client(mount["dir/value"]).read() == "0\n")
        #expect(try status(mount["dir/value"]).st_ino != inode)
    }

    @Test("2500 hung stores cost no threads; all of them end")
    func many() throws {
        let count = 2500
        let threads = Self.threads
        let children = try (0..<10).map { _ in
            let loop = "i=0; while [ $i -lt \(count / 10) ]; do (exec 3>$0; echo 1 >&3) & i=$((i+1)); done; wait"
            return try Child(["/bin/sh", "-c", loop, mount["dir/stuck"]])
        }
        mount.wait { $0.blocked == count }
        // Other tests of this process start threads too, but not a thousand.
        #expect(Self.threads <= threads + 200)
        #expect(try Client(mount["dir/value"]).read() == "0\n")
        mount.isolation.run { mount.system.letOn() }
        for child in children { #expect(child.wait() == 0) }
        #expect(mount.ask(\.kernel.tasks.count) == 0)
    }

    @Test("stop() answers who waits and ends the mount")
    func stop() {
        let writer = Writer(mount["dir/stuck"])
        mount.wait { $0.blocked == 1 }
        mount.mount.stop()
        mount.join()
        #expect(writer.result != nil)
        #expect(openFailure(mount["dir/value"]) == .noSuchFileOrDirectory)
    }

    private static var threads: Int {
        var count = 0
        let directory = opendir("/proc/self/task")!
        while readdir(directory) != nil { count += 1 }
        closedir(directory)
        return count
    }
}

extension TestSystem {
    /// Tasks that wait for `lock`.
    var blocked: Int { kernel.tasks.count { $0.state == .blocked && $0.pending?.operation == .lock } }
}
