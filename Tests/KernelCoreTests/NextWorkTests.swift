import Glibc
import Testing

@testable import KernelCore

/// Work that is followed by other work without its thread leaving the isolation.
@Suite("Next work")
struct NextWorkTests {
    private let isolation = LiveIsolation()
    private let kernel: Kernel

    init() { kernel = Kernel(mode: .live, executor: isolation.executor) }

    @Test("each work has a task of its own, and waits for what others hold")
    func chain() {
        let mutex = Mutex(kernel: kernel, name: "m")
        let chain = Chain(isolation, pids: [11, 12, 13, 14]) { if $0 == 13 { await mutex.lock() } }
        isolation.run {
            kernel.spawn("owner", pid: 10) { [kernel] _ in
                await mutex.lock()
                kernel.run(pid: 11, work: chain)
            }
        }
        // An executor that drains already runs what is new when the task above has ended, still holding the lock.
        #expect(chain.ran == [11, 12])
        #expect(kernel.tasks.map(\.pid) == [13])
        #expect(kernel.tasks.map(\.state) == [.blocked])
        isolation.run { kernel.halt() }
    }

    @Test("outside, others use the isolation; what they leave there, or what is ready, comes first")
    func outside() {
        let chain = Chain(isolation, pids: [1, 2, 3, 4]) { _ in }
        var others: [Int] = []
        chain.outside = { [isolation, kernel] pid in
            Self.onAnotherThread { isolation.run { kernel.spawn("other", pid: 100 + pid) { _ in } } }
            // Left by a thread that cannot get in: as long as this one is inside.
            others.append(isolation.read { kernel.tasks.count })
        }
        isolation.run { kernel.run(pid: 1, work: chain) }
        #expect(chain.ran == [1, 2, 3, 4])
        #expect(others == [0, 0, 0, 0])
        #expect(kernel.tasks.isEmpty)
    }

    @Test("a reply that is due, a ready task and a reboot come before the next work", arguments: 0..<3)
    func first(_ kind: Int) {
        var order: [String] = []
        let chain = Chain(isolation, pids: [1, 2]) { [isolation, kernel] _ in
            switch kind {
            case 0: isolation.afterwards { order.append("reply") }
            case 1: kernel.spawn("ready") { _ in order.append("ready") }
            default: isolation.whenQuiet { order.append("quiet") }
            }
        }
        chain.outside = { _ in order.append("outside") }
        isolation.run { kernel.run(pid: 1, work: chain) }
        #expect(chain.ran == [1])
        #expect(order == [["reply", "ready", "quiet"][kind]])
    }

    private static func onAnotherThread(_ body: @escaping () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, box)
        pthread_join(thread, nil)
    }

    private final class Box {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
}

/// Does the same for one process after the other, each time outside the isolation in between.
private final class Chain: KernelWork {
    private let isolation: LiveIsolation
    private let body: (Int32) async -> Void
    private var pids: [Int32]
    private(set) var ran: [Int32] = []
    var outside: (Int32) -> Void = { _ in }

    init(_ isolation: LiveIsolation, pids: [Int32], _ body: @escaping (Int32) async -> Void) {
        self.isolation = isolation
        self.pids = pids
        self.body = body
    }

    override func run(in task: KernelTask) async {
        #expect(task.pid == pids[0])
        await body(task.pid)
        ran.append(task.pid)
    }

    override func next() -> (pid: Int32, work: KernelWork)? {
        guard isolation.pause() else { return nil }
        outside(pids[0])
        isolation.unpause()
        pids.removeFirst()
        return pids.first.map { ($0, self) }
    }
}
