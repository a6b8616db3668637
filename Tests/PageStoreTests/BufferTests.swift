import Glibc
import SystemPackage
import Testing

@testable import PageStore

/// What the store asked of the host since somebody last looked.
private final class Requests {
    var writes: [(offset: UInt64, bytes: Int)] = []
    var refuses = false

    func watch(_ file: ImageFile) {
        file.observer = { [self] change throws(Errno) in
            guard case .write(let offset, let bytes) = change else { return }
            if refuses { throw .ioError }
            writes.append((offset, bytes.count))
        }
    }
}

@Suite("segments in memory") struct BufferTests {
    private let image: Image
    private let table: PageTable
    private let requests = Requests()
    private var random = Seeded(21)
    private let segment = UInt64(LogState.segmentSize)

    init() throws {
        image = try Image(temporary: "/tmp", isBuffered: true)
        table = try image.makeTable(disk: "zram0", pages: 8192, algorithm: .lz4)
        requests.watch(image.file)
    }

    /// Incompressible pages, from one on.
    private mutating func put(_ count: Int, at page: UInt64) throws -> [UInt8] {
        let bytes = content(count << 12, kind: 3, &random)
        try table.put(bytes, at: page << 12)
        return bytes
    }

    private func isThere(_ bytes: [UInt8], at page: UInt64) throws -> Bool {
        try table.get(bytes.count, at: page << 12) == bytes
    }

    @Test("a segment goes to the file once, when it is full, and is read from either place") mutating func once() throws
    {
        let first = try put(200, at: 0)
        #expect(requests.writes.isEmpty)
        #expect(try isThere(first, at: 0))
        let second = try put(200, at: 200)
        #expect(requests.writes.count == 1)
        #expect(requests.writes[0].offset % segment == 0 && requests.writes[0].bytes > LogState.segmentSize - 4200)
        #expect(try isThere(first, at: 0) && isThere(second, at: 200))
        // A read of neighbours that are in both places.
        #expect(try isThere(first + second, at: 0))
        image.log.writeOpen()
        #expect(requests.writes.count == 2)
        #expect(try isThere(first + second, at: 0))
    }

    @Test("what nobody wants any more is never written") mutating func dead() throws {
        for _ in 0..<20 { _ = try put(200, at: 0) }
        // Each round replaces the one before, but where a segment ends within a round.
        #expect(requests.writes.count < 18)
        let last = try put(200, at: 0)
        #expect(try isThere(last, at: 0))
        #expect(image.log.state.withLock { $0.slots.count } >= SegmentBuffers.count - 2)
    }

    @Test("what the host does not take stays in memory; with no memory left writers hear of it") mutating func refused()
        throws
    {
        requests.refuses = true
        var pages = 0
        var held: [UInt8] = []
        #expect(throws: Errno.ioError) { while true { held += try put(1, at: UInt64(pages)); pages += 1 } }
        #expect(pages >= SegmentBuffers.count * 250)
        #expect(try isThere(held, at: 0))
        #expect(table.statistics.hugePages == UInt64(pages))
        requests.refuses = false
        let more = try put(300, at: UInt64(pages))
        #expect(try isThere(held + more, at: 0))
        #expect(image.log.state.withLock { $0.slots.count } >= SegmentBuffers.count - 1)
        #expect(requests.writes.count { $0.bytes > LogState.segmentSize / 2 } >= SegmentBuffers.count)
        table.free()
        #expect(image.log.state.withLock { $0.live } == 0)
    }
}

/// A volatile image with the thread that writes full segments.
@Suite("segments that a thread writes") struct KeeperTests {
    /// The threads that asked the host for something; a gate that holds one of them.
    private final class Gate: @unchecked Sendable {
        // Unchecked: under the mutex.
        let mutex = Guarded<(helpers: Int, writers: Int, isShut: Bool, takesSignals: Bool)>(
            (0, 0, true, false))

        func watch(_ file: ImageFile) {
            let writer = pthread_self()
            file.observer = { [self] change throws(Errno) in
                guard case .write(_, let bytes) = change else { return }
                if pthread_equal(pthread_self(), writer) != 0 {
                    // Whole segments; records that found no buffer are short.
                    return mutex.withLock { $0.writers += bytes.count > LogState.segmentSize / 2 ? 1 : 0 }
                }
                var mask = sigset_t()
                pthread_sigmask(SIG_BLOCK, nil, &mask)
                mutex.withLock {
                    $0.helpers += 1
                    $0.takesSignals = sigismember(&mask, SIGUSR2) == 0
                }
                while mutex.withLock({ $0.isShut }) { sched_yield() }
            }
        }
    }

    @Test("writers do not wait for it, unless it is late; what it holds can be read; close waits for it") func late()
        throws
    {
        // Threads of the test runner may take no signals at all.
        var (mask, before) = (sigset_t(), sigset_t())
        sigaddset(&mask, SIGUSR2)
        pthread_sigmask(SIG_UNBLOCK, &mask, &before)
        let image = try Image(temporary: "/tmp", isBuffered: true, hasKeeper: true)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        let table = try image.makeTable(disk: "zram0", pages: 8192, algorithm: .lz4)
        let gate = Gate()
        gate.watch(image.file)
        var random = Seeded(61)
        var held: [UInt8] = []
        // A segment holds 253 pages that do not compress.
        for _ in 0..<2 { held += content(253 << 12, kind: 3, &random) }
        try table.put(held, at: 0)
        while gate.mutex.withLock({ $0.helpers == 0 }) { sched_yield() }
        #expect(gate.mutex.withLock { $0.writers } == 0)
        #expect(gate.mutex.withLock { !$0.takesSignals }, "a signal for the process must find who waits for it")
        #expect(try table.get(held.count, at: 0) == held)
        // Now nobody but the writer can make room for what comes.
        let more = content(2000 << 12, kind: 3, &random)
        try table.put(more, at: UInt64(held.count))
        #expect(gate.mutex.withLock { $0.writers } > 0 && gate.mutex.withLock { $0.helpers } == 1)
        held += more
        #expect(try table.get(held.count, at: 0) == held)
        gate.mutex.withLock { $0.isShut = false }
        image.log.keeper?.wait()
        #expect(image.log.state.withLock { $0.full.isEmpty })
        #expect(try table.get(held.count, at: 0) == held)
        image.close(clean: true)
        #expect(throws: Errno.ioError) { try table.put([1], at: 0) }
        #expect(image.log.keeper?.wake() == false)
    }
}
